//! Owned by the platform's audit, retention, governance and backup, and by the admin feature. Only
//! the owner queries these tables.

pub mod account_preview;
pub mod act_answer;
pub mod app_setting;
pub mod audit_entry;
pub mod audit_head;
pub mod backup_run;
pub mod erasure_receipt;
pub mod export;
pub mod retention_override;
pub mod retention_run;

mod values;

pub use values::*;
