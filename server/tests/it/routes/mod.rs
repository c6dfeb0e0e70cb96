//! Each route by itself: what it takes, what it refuses, what it leaves behind.

mod administration;
mod costs;
mod deletion;
mod documents;
mod edge;
mod formats;
mod hostile;
mod identity;
mod jobs;
mod limits;
mod operations;
mod sign_ins;
mod uploads;
