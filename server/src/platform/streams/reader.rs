//! The reading end: follows a stream's ring from a given frame.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    entry::{Entry, StreamState},
    ring::Slot,
    shared::RemoteReader,
};

/// What a reader meets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReaderEvent {
    /// The frame of this number.
    Frame(u64, Bytes),
    /// Frames were dropped before this reader came to them.
    Lost,
    /// Nothing will follow.
    End,
}

/// A reader of a stream, whichever process writes it.
pub(crate) enum AnyReader {
    /// This one does.
    Here(Reader),
    /// Another does.
    Elsewhere(Box<RemoteReader>),
}

impl AnyReader {
    /// The next event, as soon as there is one. Cancel safe.
    pub(crate) async fn next(&mut self) -> ReaderEvent {
        match self {
            Self::Here(reader) => reader.next().await,
            Self::Elsewhere(reader) => reader.next().await,
        }
    }
}

impl From<Reader> for AnyReader {
    fn from(reader: Reader) -> Self {
        Self::Here(reader)
    }
}

/// A reader of one stream. While there is none, the producer's grace runs.
pub(crate) struct Reader {
    entry: Arc<Entry>,
    progress: tokio::sync::watch::Receiver<(u64, StreamState)>,
    next: u64,
    closed: bool,
}

impl Reader {
    pub(super) fn after(entry: Arc<Entry>, last_seen: u64) -> Self {
        entry.reader_came();
        let progress = entry.progress.subscribe();
        Self {
            entry,
            progress,
            next: last_seen.saturating_add(1),
            closed: false,
        }
    }

    /// The next event, as soon as there is one. Cancel safe.
    pub(crate) async fn next(&mut self) -> ReaderEvent {
        loop {
            if self.closed {
                return ReaderEvent::End;
            }
            // Read the state before the ring: a stream that has ended writes nothing more.
            let (_, state) = *self.progress.borrow_and_update();
            let slot = self.entry.ring.lock().get(self.next);
            match slot {
                Slot::Frame(frame) => {
                    let number = self.next;
                    self.next += 1;
                    return ReaderEvent::Frame(number, frame);
                }
                Slot::Evicted => {
                    self.closed = true;
                    return ReaderEvent::Lost;
                }
                Slot::Ahead => {
                    if state != StreamState::Open || self.progress.changed().await.is_err() {
                        self.closed = true;
                    }
                }
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.entry.reader_left();
    }
}
