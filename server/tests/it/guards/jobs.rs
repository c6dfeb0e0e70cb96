//! The routes of one's own jobs.

use super::{OWNER, Row, SIGNED_IN};

pub(super) const ROWS: &[Row] = &[
    ("GET", "/api/jobs", "/api/jobs", "", SIGNED_IN),
    ("GET", "/api/jobs/{id}", "/api/jobs/{job}", "", OWNER),
    (
        "GET",
        "/api/jobs/{id}/events",
        "/api/jobs/{job}/events",
        "",
        OWNER,
    ),
    (
        "POST",
        "/api/jobs/{id}/cancel",
        "/api/jobs/{job}/cancel",
        "",
        OWNER,
    ),
    (
        "POST",
        "/api/jobs/{id}/input",
        "/api/jobs/{job}/input",
        r#"{"input":{}}"#,
        [401, 409, 404, 404, 404],
    ),
];
