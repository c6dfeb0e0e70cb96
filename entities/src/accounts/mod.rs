//! Owned by the accounts feature. Only the owner queries these tables.

pub mod notes_history;
pub mod one_time_token;
pub mod refresh_token;
pub mod revocation;
pub mod session;
pub mod user;
