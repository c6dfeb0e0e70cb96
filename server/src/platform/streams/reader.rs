//! The reading end: follows a stream's ring from a given frame.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    entry::{Entry, StreamState},
    mirrored::RemoteReader,
    ring::Slot,
};

/// What a reader meets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReaderEvent {
    /// The frames that follow, one or more that were there at once.
    Frames(Bytes),
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
    /// With an `id:` line before each frame, when `numbered`.
    pub(crate) fn numbered(self, numbered: bool) -> Self {
        match self {
            Self::Here(reader) => Self::Here(reader.numbered(numbered)),
            Self::Elsewhere(mut reader) => {
                reader.numbered = numbered;
                Self::Elsewhere(reader)
            }
        }
    }

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
    numbered: bool,
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
            numbered: false,
            closed: false,
        }
    }

    /// With an `id:` line before each frame, when `numbered`.
    pub(super) fn numbered(mut self, numbered: bool) -> Self {
        self.numbered = numbered;
        self
    }

    /// The next event, as soon as there is one. Cancel safe.
    pub(crate) async fn next(&mut self) -> ReaderEvent {
        loop {
            if self.closed {
                return ReaderEvent::End;
            }
            // Read the state before the ring: a stream that has ended writes nothing more.
            let state = self.progress.borrow_and_update().1;
            let slot = self.entry.ring.lock().read(self.next, self.numbered);
            match slot {
                Slot::Frames(last, frames) => {
                    self.next = last + 1;
                    return ReaderEvent::Frames(frames);
                }
                Slot::Evicted | Slot::Never => {
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
