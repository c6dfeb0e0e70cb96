//! The registry of streams: admission, lookup, ending, forgetting.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use entities::UserId;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    entry::{EndReason, Entry, Producer, StreamInfo, StreamState},
    mirrored::SharedFrames,
    reader::{AnyReader, Reader},
};
use crate::platform::{clock::Clock, telemetry::Telemetry};

/// How long a request waits for a slot before it is refused.
const SLOT_WAIT: Duration = Duration::from_secs(2);
/// Ended streams that can still be read again; older ones are read from the database.
const ENDED_KEPT: usize = 256;

/// How many streams, and how long an answer outlives its reader.
#[derive(Clone, Debug)]
pub(crate) struct StreamSettings {
    pub(crate) max_concurrent: usize,
    pub(crate) max_per_user: usize,
    pub(crate) disconnect_grace: Duration,
}

/// A right to open one stream.
pub(crate) struct Admission {
    slot: OwnedSemaphorePermit,
    place: Place,
}

/// One of a user's places, taken before the stream is there so that many at once do not all see the
/// same free one.
struct Place {
    hub: StreamHub,
    user_id: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = self.hub.0.streams.lock();
        if let Some(taken) = streams.admitted.get_mut(&self.user_id) {
            *taken -= 1;
            if *taken == 0 {
                streams.admitted.remove(&self.user_id);
            }
        }
    }
}

/// The registry. Cheap to clone.
#[derive(Clone)]
pub(crate) struct StreamHub(Arc<Inner>);

struct Inner {
    settings: StreamSettings,
    slots: Arc<Semaphore>,
    streams: Mutex<Streams>,
    stopping: CancellationToken,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    shared: Option<SharedFrames>,
}

#[derive(Default)]
struct Streams {
    known: HashMap<Uuid, Arc<Entry>>,
    ended: VecDeque<(Uuid, DateTime<Utc>)>,
    open_by_user: HashMap<UserId, Vec<Uuid>>,
    /// Places taken by those who have not opened their stream yet.
    admitted: HashMap<UserId, usize>,
}

impl StreamHub {
    /// An empty registry; `stopping` ends every stream when it is cancelled. With `shared` its
    /// streams can be read through other processes too.
    pub(crate) fn new(
        settings: StreamSettings,
        stopping: CancellationToken,
        clock: Arc<dyn Clock>,
        telemetry: Telemetry,
        shared: Option<SharedFrames>,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a setting of at most 100,000")]
        telemetry
            .streams_limit
            .set(["chat"], settings.max_concurrent as f64);
        Self(Arc::new(Inner {
            slots: Arc::new(Semaphore::new(settings.max_concurrent)),
            settings,
            streams: Mutex::default(),
            stopping,
            clock,
            telemetry,
            shared,
        }))
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    pub(super) fn disconnect_grace(&self) -> Duration {
        self.0.settings.disconnect_grace
    }

    /// Waits up to two seconds for a slot. `None`: the process or the user has too many open.
    pub(crate) async fn admit(&self, user_id: UserId) -> Option<Admission> {
        let admission = self.try_admit(user_id).await;
        if admission.is_none() {
            let ended = &self.0.telemetry.streams_ended;
            ended.increment(["chat", "capacity"]);
        }
        admission
    }

    async fn try_admit(&self, user_id: UserId) -> Option<Admission> {
        let place = self.place(user_id)?;
        let slot = self.0.slots.clone().acquire_owned();
        let slot = tokio::time::timeout(SLOT_WAIT, slot).await.ok()?.ok()?;
        Some(Admission { slot, place })
    }

    fn place(&self, user_id: UserId) -> Option<Place> {
        let mut streams = self.0.streams.lock();
        let open = streams.open_by_user.get(&user_id).map_or(0, Vec::len);
        let taken = streams.admitted.entry(user_id).or_default();
        if open + *taken >= self.0.settings.max_per_user {
            if *taken == 0 {
                streams.admitted.remove(&user_id);
            }
            return None;
        }
        *taken += 1;
        Some(Place {
            hub: self.clone(),
            user_id,
        })
    }

    /// Opens a stream with its first reader.
    pub(crate) fn open(&self, admission: Admission, info: StreamInfo) -> (Producer, Reader) {
        let id = info.id;
        let kind = info.kind;
        let entry = Arc::new(Entry::new(info));
        let mut streams = self.0.streams.lock();
        streams.known.insert(id, entry.clone());
        streams
            .open_by_user
            .entry(admission.place.user_id)
            .or_default()
            .push(id);
        drop(streams);
        if let Some(shared) = &self.0.shared {
            shared.announce(entry.clone());
        }
        self.0.telemetry.streams_active.add([kind], 1.0);
        let reader = Reader::after(entry.clone(), 0);
        let producer = Producer {
            entry,
            hub: self.clone(),
            finished: false,
            _slot: admission.slot,
        };
        (producer, reader)
    }

    /// Reads a stream of this user again, after the frame `last_seen`, wherever it is written.
    /// `None`: unknown, forgotten, or somebody else's.
    pub(crate) async fn resume(
        &self,
        user_id: UserId,
        id: Uuid,
        last_seen: u64,
    ) -> Option<AnyReader> {
        let reader = match (self.owned(user_id, id), &self.0.shared) {
            (Some(entry), _) => Some(Reader::after(entry, last_seen).into()),
            (None, Some(shared)) => {
                let remote = shared.follow(user_id, id, last_seen).await;
                remote.map(|reader| AnyReader::Elsewhere(Box::new(reader)))
            }
            (None, None) => None,
        };
        let result = match &reader {
            Some(AnyReader::Here(_)) => "replayed",
            Some(AnyReader::Elsewhere(_)) => "elsewhere",
            None => "denied",
        };
        self.0.telemetry.stream_resumes.increment([result]);
        reader
    }

    /// Counts a reader that was told that frames are lost.
    pub(crate) fn count_lost(&self) {
        self.0.telemetry.stream_resumes.increment(["lost"]);
    }

    /// Ends a stream of this user; an ended one stays ended. `false`: unknown or somebody else's.
    pub(crate) fn stop(&self, user_id: UserId, id: Uuid) -> bool {
        let entry = self.owned(user_id, id);
        if let Some(entry) = &entry {
            entry.request_stop(EndReason::Stopped);
        }
        entry.is_some()
    }

    /// Ends every open stream of a user. Answers how many. Of a user who may no longer come in, those
    /// that have ended are forgotten.
    pub(crate) fn stop_user(&self, user_id: UserId, reason: EndReason) -> usize {
        let mut streams = self.0.streams.lock();
        if reason == EndReason::Revoked {
            streams.known.retain(|_, entry| {
                entry.info.user_id != user_id || entry.progress.borrow().1 == StreamState::Open
            });
        }
        let open = streams
            .open_by_user
            .get(&user_id)
            .cloned()
            .unwrap_or_default();
        for id in &open {
            if let Some(entry) = streams.known.get(id) {
                entry.request_stop(reason);
            }
        }
        open.len()
    }

    /// How many streams are open, and how many may be.
    pub(crate) fn load(&self) -> (usize, usize) {
        let streams = self.0.streams.lock();
        let open = streams.open_by_user.values().map(Vec::len).sum();
        (open, self.0.settings.max_concurrent)
    }

    pub(super) fn open_entries(&self) -> Vec<Arc<Entry>> {
        let streams = self.0.streams.lock();
        let ids = streams.open_by_user.values().flatten();
        ids.filter_map(|id| streams.known.get(id).cloned())
            .collect()
    }

    pub(super) fn open_entry(&self, id: Uuid) -> Option<Arc<Entry>> {
        let entry = self.0.streams.lock().known.get(&id).cloned();
        entry.filter(|entry| entry.progress.borrow().1 == StreamState::Open)
    }

    /// With the time of their end, the newest first.
    pub(super) fn ended_entries(&self, most: usize) -> Vec<(Arc<Entry>, DateTime<Utc>)> {
        let streams = self.0.streams.lock();
        let newest = streams.ended.iter().rev().take(most);
        newest
            .filter_map(|(id, at)| Some((streams.known.get(id)?.clone(), *at)))
            .collect()
    }

    /// How many streams of a user are open here.
    pub(crate) fn open_of(&self, user_id: UserId) -> usize {
        let streams = self.0.streams.lock();
        streams.open_by_user.get(&user_id).map_or(0, Vec::len)
    }

    /// Whose stream this is, while it is known here.
    pub(crate) fn owner_of(&self, id: Uuid) -> Option<UserId> {
        let streams = self.0.streams.lock();
        streams.known.get(&id).map(|entry| entry.info.user_id)
    }

    /// The users who have streams open here.
    pub(crate) fn users(&self) -> Vec<UserId> {
        self.0.streams.lock().open_by_user.keys().copied().collect()
    }

    fn owned(&self, user_id: UserId, id: Uuid) -> Option<Arc<Entry>> {
        let entry = self.0.streams.lock().known.get(&id).cloned();
        entry.filter(|entry| entry.info.user_id == user_id)
    }

    pub(super) fn end(&self, entry: &Entry, reason: EndReason) {
        let info = &entry.info;
        {
            let mut streams = self.0.streams.lock();
            if let Some(open) = streams.open_by_user.get_mut(&info.user_id) {
                open.retain(|id| *id != info.id);
                if open.is_empty() {
                    streams.open_by_user.remove(&info.user_id);
                }
            }
            streams.ended.push_back((info.id, self.0.clock.now()));
            while streams.ended.len() > ENDED_KEPT {
                if let Some((oldest, _)) = streams.ended.pop_front() {
                    streams.known.remove(&oldest);
                }
            }
        }
        entry
            .progress
            .send_modify(|progress| progress.1 = StreamState::Ended(reason));
        self.0.telemetry.streams_active.add([info.kind], -1.0);
        self.0
            .telemetry
            .streams_ended
            .increment([info.kind, reason.as_str()]);
    }
}
