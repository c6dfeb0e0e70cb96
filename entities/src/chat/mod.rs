//! Owned by the chat feature. Only the owner queries these tables.

pub mod chat_session;
pub mod idempotency_key;
pub mod message;
