//! The bytes that a client reads: a stream's frames as they come, comments while it is idle.

use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use futures_util::Stream;

use super::frames::{DONE, Profile, StreamError, error_frame};
use crate::platform::streams::{Reader, ReaderEvent};

/// How a client reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) profile: Profile,
    /// Each frame has an `id:` line, to be given back in `Last-Event-ID`.
    pub(super) numbered: bool,
    pub(super) keepalive: Duration,
    /// What is said when frames are gone before they were read.
    pub(super) lost: StreamError,
}

/// The frames of `reader` to the end of the stream.
pub(super) fn frames(reader: Reader, reading: Reading) -> impl Stream<Item = Bytes> + Send {
    let mut reader = reader.numbered(reading.numbered);
    stream! {
        let mut comments = 0_u64;
        loop {
            match tokio::time::timeout(reading.keepalive, reader.next()).await {
                Err(_) => {
                    comments += 1;
                    yield Bytes::from(format!(": keepalive {comments}\n\n"));
                }
                Ok(ReaderEvent::Frames(frames)) => yield frames,
                Ok(ReaderEvent::Lost) => {
                    yield error_frame(reading.profile, reading.lost);
                    yield DONE;
                    return;
                }
                Ok(ReaderEvent::End) => return,
            }
        }
    }
}
