//! Methods: what a path has, and how they are named in metrics.

use poem::http::{HeaderValue, Method};

/// The value of `Allow` for a path with these methods.
pub(super) fn allow_header(methods: &[Method]) -> HeaderValue {
    let text = methods
        .iter()
        .map(Method::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// The method's label: a method that HTTP does not define is `_OTHER`, so that a client cannot
/// make labels up.
pub(super) fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// Whether a call by this method may change something.
pub(super) fn mutates(method: &Method) -> bool {
    matches!(
        *method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    )
}
