//! The tables as types, grouped by the part that owns them and alone may query them. No queries, no rules.

pub mod accounts;
pub mod chat;
pub mod governance;
pub mod jobs;
pub mod library;
pub mod money;
pub mod retrieval;

mod id;
mod nanos;
mod values;

pub use governance::{BackupKind, ExportState, RunCause, RunOutcome};
pub use id::*;
pub use nanos::Nanos;
pub use values::*;
