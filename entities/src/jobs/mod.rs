//! Owned by the platform's job engine. Only the owner queries these tables.

pub mod job;
pub mod job_event;
pub mod lease;
pub mod process;
