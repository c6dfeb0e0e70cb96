//! The routes of operators and their machines, and what every signed-in user may look up.

use super::{ALL, Row, SIGNED_IN};

pub(super) const ROWS: &[Row] = &[
    ("GET", "/", "/", "", ALL),
    ("GET", "/health", "/health", "", ALL),
    ("GET", "/health/live", "/health/live", "", ALL),
    ("GET", "/health/ready", "/health/ready", "", ALL),
    ("GET", "/live", "/live", "", ALL),
    ("GET", "/ready", "/ready", "", ALL),
    ("GET", "/startupz", "/startupz", "", ALL),
    ("GET", "/metrics", "/metrics", "", ALL),
    ("GET", "/openapi.json", "/openapi.json", "", ALL),
    ("GET", "/docs", "/docs", "", ALL),
    ("GET", "/api/models", "/api/models", "", SIGNED_IN),
    (
        "GET",
        "/api/costs/summary",
        "/api/costs/summary",
        "",
        SIGNED_IN,
    ),
];
