//! Owned by the platform's job engine. Only the owner queries these tables.

pub mod job;
pub mod job_event;
pub mod job_preview;
pub mod lease;
pub mod process;
pub mod schedule_run;
