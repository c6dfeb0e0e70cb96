//! Every open answer is an entry in the hub: who reads it, how far it is, and how to end it.
//!
//! A producer writes numbered frames into a bounded ring; readers follow the ring at their own
//! pace. A reader that falls out of the ring is told so and dropped; it never slows the producer
//! and never makes memory grow. A reader that leaves may come back and continue where it stopped.

mod entry;
mod hub;
mod live;
mod meter;
mod mirrored;
mod reader;
mod retention;
mod ring;
#[cfg(test)]
mod tests;

pub(crate) use entry::{Answerer, EndReason, Producer, StreamInfo};
pub(crate) use hub::{Admission, StreamHub, StreamSettings};
pub(crate) use live::{EndedStream, LiveState, LiveStream};
pub(crate) use meter::StreamPrice;
pub(crate) use mirrored::{Mirror, SharedFrames};
pub(crate) use reader::{AnyReader, Reader, ReaderEvent};
pub(crate) use retention::retention;
