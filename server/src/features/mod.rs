//! What people came for; one folder each, the same rooms in each.

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod chat;
pub(crate) mod costs;
pub(crate) mod documents;
pub(crate) mod exports;
pub(crate) mod jobs;
pub(crate) mod ops;
