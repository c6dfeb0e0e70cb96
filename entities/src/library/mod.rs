//! Owned by the documents feature. Only the owner queries these tables.

pub mod document;
pub mod store;
