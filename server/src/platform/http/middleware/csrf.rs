//! A mutation must carry a header that a foreign page cannot send without asking CORS first.

use poem::http::{HeaderMap, HeaderName};

use super::super::problem::Problem;

const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

pub(in super::super) fn is_from_our_pages(headers: &HeaderMap) -> bool {
    headers
        .get(X_REQUESTED_WITH)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"XMLHttpRequest"))
}

pub(in super::super) fn refusal() -> Problem {
    Problem::forbidden("Send the header X-Requested-With: XMLHttpRequest with every change")
        .with_code("csrf_header_missing")
}
