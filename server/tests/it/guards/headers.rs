//! The headers that lock an answer up: of every route, by whoever it is called and however it ends.

use crate::support::Answer;

/// What every answer has, each once.
pub(crate) const LOCKS: [(&str, &str); 9] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
         magnetometer=(), microphone=(self), midi=(), payment=(), usb=()",
    ),
    ("x-robots-tag", "noindex"),
    ("cache-control", "no-store"),
];

/// Event streams are not kept either, and nobody between may hold them back.
const OF_STREAMS: &str = "no-cache, no-transform";
const POLICY: &str = "default-src 'self'; base-uri 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; img-src 'self' data: blob:; \
                      media-src 'self' blob:; object-src 'none'";
/// Pages with scripts and styles of their own, and a policy for exactly these.
const PAGES: [&str; 2] = ["/", "/docs"];

/// The one value of a header; anything else, as text.
fn only(answer: &Answer, name: &str) -> String {
    let values: Vec<_> = answer.headers.get_all(name).iter().collect();
    match values[..] {
        [value] => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        _ => format!("{values:?}"),
    }
}

/// What is wrong with the headers of an answer to a request for `path`.
pub(crate) fn unlocked(path: &str, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |name: &str, value: &str, found: String| {
        if found != value {
            faults.push(format!(
                "{path} answers {} with {name}: {found}, not {value}",
                answer.status
            ));
        }
    };
    let streams = answer
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/event-stream"));
    for (name, value) in LOCKS {
        let streamed = streams && name == "cache-control";
        let value = if streamed { OF_STREAMS } else { value };
        expect(name, value, only(answer, name));
    }
    let policy = only(answer, "content-security-policy");
    if PAGES.contains(&path) && answer.status == 200 {
        let strict = policy.starts_with("default-src 'none';")
            && policy.contains("frame-ancestors 'none'")
            && policy.split(';').all(|rule| {
                // A style that is not listed does no harm to a page without secrets.
                rule.trim().starts_with("style-src") || !rule.contains("unsafe")
            });
        expect(
            "content-security-policy",
            "a strict one",
            if strict {
                "a strict one".to_owned()
            } else {
                policy
            },
        );
    } else {
        expect("content-security-policy", POLICY, policy);
    }
    let id = only(answer, "x-request-id");
    let is_id = !id.is_empty() && !id.starts_with('[');
    expect(
        "x-request-id",
        "one",
        if is_id { "one".to_owned() } else { id },
    );
    for name in ["set-cookie", "server", "x-powered-by"] {
        expect(name, "[]", only(answer, name));
    }
    faults
}
