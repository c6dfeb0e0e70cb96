//! What the admin console reads and does, against a running house.

mod alarms;
mod bulk;
mod feed;
mod follower;
mod jobs;
mod machinery;
mod processes;
mod retention;
mod streams;
