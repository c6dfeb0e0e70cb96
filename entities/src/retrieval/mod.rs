//! Owned by the platform's retrieval. Only the owner queries these tables.

pub mod passage;
pub mod passage_vector;
