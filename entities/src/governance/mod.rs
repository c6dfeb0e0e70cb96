//! Owned by the platform's audit and the admin feature. Only the owner queries these tables.

pub mod account_preview;
pub mod act_answer;
pub mod app_setting;
pub mod audit_entry;
pub mod audit_head;
