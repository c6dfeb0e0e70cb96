//! What the admin console reads and does, against a running house.

mod alarms;
mod bulk;
mod bulk_failures;
mod feed;
pub(crate) mod follower;
mod jobs;
mod machinery;
mod processes;
mod retention;
pub(crate) mod streams;
