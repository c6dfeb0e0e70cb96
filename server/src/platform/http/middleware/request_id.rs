//! A name for each request, by which its client, its log lines and its errors are tied together.

use poem::http::{HeaderMap, HeaderName, HeaderValue};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// The client's own id when it is harmless, else a new one.
pub(in super::super) fn of(
    headers: &HeaderMap,
    new: &(dyn Fn() -> String + Send + Sync),
) -> String {
    headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_acceptable(id))
        .map_or_else(new, str::to_owned)
}

fn is_acceptable(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}

pub(in super::super) fn write(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_ids_are_taken_over() {
        for good in ["req-123", "a", "A.b_c:d-9", &"x".repeat(128)] {
            assert!(is_acceptable(good), "{good}");
        }
        for bad in ["", "a b", "a\"b", "ü", "a/b", &"x".repeat(129)] {
            assert!(!is_acceptable(bad), "{bad}");
        }
    }
}
