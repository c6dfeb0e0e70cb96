//! What the edge does to every request, one concern per file; the order stands in `edge.rs`.

pub(super) mod client_address;
pub(super) mod cors;
pub(super) mod csrf;
pub(super) mod measure;
pub(super) mod rate_limit;
pub(super) mod request_id;
pub(super) mod security_headers;
