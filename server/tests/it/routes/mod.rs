//! Each route by itself: what it takes, what it refuses, what it leaves behind.

mod administration;
mod console;
mod costs;
mod cut_bodies;
mod deletion;
mod documents;
mod edge;
pub(crate) mod formats;
mod hostile;
mod identity;
mod inactive;
mod jobs;
mod limits;
mod operations;
mod repeated;
mod sign_ins;
mod uploads;
