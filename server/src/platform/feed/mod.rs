//! The live feed: events numbered in one process, kept for those who come back, and given to each
//! reader at the reader's own pace.
//!
//! What is published goes into a ring and into the inbox of every reader that follows its topic.
//! An inbox holds one event for each thing of which only the newest state counts, and a bounded
//! number of others; what does not fit is counted and told. A reader that comes back with the id of
//! the last event it has seen gets what followed, or is told to begin anew; never a silent gap.
//!
//! [`Relay`] carries what changed from process to process.

mod hub;
mod inbox;
mod item;
mod queries;
mod relay;
mod ring;
mod serve;

#[cfg(test)]
mod serve_tests;
#[cfg(test)]
mod tests;

pub(crate) use hub::{Feed, FeedFull};
pub(crate) use relay::{Ender, Heard, Relay, Report};
pub(crate) use serve::{Gate, Patience, Session, serve};
