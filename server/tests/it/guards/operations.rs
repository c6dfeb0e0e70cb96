//! What everybody may ask: how the house is, and what it is.

use super::{ALL, Row};

pub(super) const ROWS: &[Row] = &[
    ("GET", "/", "/", "", ALL),
    ("GET", "/health", "/health", "", ALL),
    ("GET", "/health/live", "/health/live", "", ALL),
    ("GET", "/health/ready", "/health/ready", "", ALL),
    ("GET", "/live", "/live", "", ALL),
    ("GET", "/ready", "/ready", "", ALL),
    ("GET", "/metrics", "/metrics", "", ALL),
    ("GET", "/openapi.json", "/openapi.json", "", ALL),
    ("GET", "/docs", "/docs", "", ALL),
];
