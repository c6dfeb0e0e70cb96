//! The reading end: follows a stream's ring from a given frame.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;

use super::{
    entry::{Entry, StreamState},
    ring::Slot,
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

/// A reader of one stream. While there is none, the producer's grace runs.
pub(crate) struct Reader {
    entry: Arc<Entry>,
    progress: tokio::sync::watch::Receiver<(u64, StreamState)>,
    next: u64,
    closed: bool,
}

impl Reader {
    pub(super) fn after(entry: Arc<Entry>, last_seen: u64) -> Self {
        entry.readers.fetch_add(1, Ordering::AcqRel);
        entry.readers_changed.send_replace(());
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
        self.entry.readers.fetch_sub(1, Ordering::AcqRel);
        self.entry.readers_changed.send_replace(());
    }
}
