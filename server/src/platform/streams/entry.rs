//! One stream: what is known of it, its ring, and its producer's handle.

use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering};

use chrono::{DateTime, Utc};
use entities::UserId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    hub::StreamHub,
    meter::{Meter, StreamPrice},
    ring::Ring,
};

/// What the registry knows of a stream from its beginning.
#[derive(Clone, Debug)]
pub(crate) struct StreamInfo {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) kind: &'static str,
    /// Expected to answer.
    pub(crate) answerer: Answerer,
    pub(crate) price: StreamPrice,
    pub(crate) started_at: DateTime<Utc>,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answerer {
    pub(crate) provider: String,
    pub(crate) model: String,
}

/// Why a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    Done,
    /// Its reader left and did not come back in time.
    Client,
    Stopped,
    Error,
    Budget,
    Shutdown,
    Revoked,
    /// An admin ended it.
    Admin,
}

impl EndReason {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Client => "client",
            Self::Stopped => "stopped",
            Self::Error => "error",
            Self::Budget => "budget",
            Self::Shutdown => "shutdown",
            Self::Revoked => "revoked",
            Self::Admin => "admin",
        }
    }
}

/// Where a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamState {
    Open,
    Ended(EndReason),
}

pub(super) struct Entry {
    pub(super) info: StreamInfo,
    pub(super) ring: Mutex<Ring>,
    /// The number of the newest frame and the state: readers wait for it to change.
    pub(super) progress: watch::Sender<(u64, StreamState)>,
    pub(super) readers: AtomicUsize,
    pub(super) readers_changed: watch::Sender<()>,
    pub(super) meter: Mutex<Meter>,
    pub(super) answerer: Mutex<Answerer>,
    pub(super) stop: Mutex<Option<EndReason>>,
    pub(super) stopped: CancellationToken,
}

impl Entry {
    pub(super) fn new(info: StreamInfo) -> Self {
        Self {
            meter: Mutex::new(Meter::starting_at(info.started_at)),
            answerer: Mutex::new(info.answerer.clone()),
            info,
            ring: Mutex::new(Ring::default()),
            progress: watch::Sender::new((0, StreamState::Open)),
            readers: AtomicUsize::new(0),
            readers_changed: watch::Sender::new(()),
            stop: Mutex::new(None),
            stopped: CancellationToken::new(),
        }
    }

    /// Asks the producer to end; the first reason stands.
    pub(super) fn request_stop(&self, reason: EndReason) {
        self.stop.lock().get_or_insert(reason);
        self.stopped.cancel();
    }
}

/// The writing end. Dropping it without [`Producer::finish`] ends the stream as failed.
pub(crate) struct Producer {
    pub(super) entry: Arc<Entry>,
    pub(super) hub: StreamHub,
    pub(super) finished: bool,
    pub(super) _slot: OwnedSemaphorePermit,
}

impl Producer {
    /// Appends a frame, ready for the socket.
    pub(crate) fn send(&self, frame: impl AsRef<[u8]>) {
        let newest = {
            let mut ring = self.entry.ring.lock();
            ring.push(frame.as_ref());
            ring.newest()
        };
        self.entry
            .progress
            .send_modify(|progress| progress.0 = newest);
    }

    /// Says who answers in the end.
    pub(crate) fn answered_by(&self, answerer: Answerer) {
        *self.entry.answerer.lock() = answerer;
    }

    /// There are so many tokens now, for the live list.
    pub(crate) fn reached(&self, tokens: u64, now: DateTime<Utc>) {
        self.entry.meter.lock().reached(tokens, now);
    }

    /// Resolves when the stream is to end early: stopped, shut down, revoked, or its reader has
    /// been gone for longer than the grace.
    pub(crate) async fn ended_early(&self) -> EndReason {
        tokio::select! {
            () = self.entry.stopped.cancelled() => {
                self.entry.stop.lock().unwrap_or(EndReason::Stopped)
            }
            () = self.hub.stopping().cancelled() => EndReason::Shutdown,
            () = self.abandoned() => EndReason::Client,
        }
    }

    /// Resolves when there has been no reader for the whole grace.
    async fn abandoned(&self) {
        let mut readers = self.entry.readers_changed.subscribe();
        loop {
            readers.mark_unchanged();
            if self.entry.readers.load(Ordering::Acquire) == 0 {
                tokio::select! {
                    () = tokio::time::sleep(self.hub.disconnect_grace()) => return,
                    _ = readers.changed() => {}
                }
            } else if readers.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends the stream. Its frames can be read again until the hub forgets them.
    pub(crate) fn finish(mut self, reason: EndReason) {
        self.finished = true;
        self.hub.end(&self.entry, reason);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if !self.finished {
            self.hub.end(&self.entry, EndReason::Error);
        }
    }
}
