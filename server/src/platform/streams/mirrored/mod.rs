//! Streams across processes: the frames of each open answer are kept in a Redis stream too, so that
//! a reader may come back through another process and continue where it stopped.
//!
//! The process that answers stays the only one that writes, and its own readers never wait for
//! Redis. What Redis loses is lost for readers elsewhere alone, and they are told so.

mod erase;
mod mirror;
mod remote;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use entities::UserId;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::entry::Entry;
use crate::platform::redis::Redis;

pub(super) use erase::{erase_ended, frames_of};
pub(crate) use remote::RemoteReader;

/// The field of an entry that says that there is a stream, before its first frame.
const OPENED: &str = "opened";
/// The field of an entry that holds a frame; its id is the frame's number.
const FRAME: &str = "frame";
/// The field of the last entry: why the stream ended.
const ENDED: &str = "ended";
/// What the name of the key ends with that says that somebody reads elsewhere.
const READ: &str = ":read";
/// A reader elsewhere is believed to be there for this long.
const READ_FOR: Duration = Duration::from_secs(6);
/// Each has a connection of its own.
const MAX_READERS: usize = 64;

/// The way to the frames that processes share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SharedFrames {
    redis: Redis,
    readers: Arc<Semaphore>,
    opened: mpsc::UnboundedSender<Arc<Entry>>,
}

/// The part that writes to Redis; to be run as long as there are streams.
pub(crate) struct Mirror {
    redis: Redis,
    opened: mpsc::UnboundedReceiver<Arc<Entry>>,
}

impl SharedFrames {
    pub(crate) fn through(redis: Redis) -> (Self, Mirror) {
        // Admission bounds how many streams there are.
        let (opened, announced) = mpsc::unbounded_channel();
        let shared = Self {
            redis: redis.clone(),
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            opened,
        };
        let mirror = Mirror {
            redis,
            opened: announced,
        };
        (shared, mirror)
    }

    pub(super) fn announce(&self, entry: Arc<Entry>) {
        // Without a mirror the stream is this process's alone.
        let _ = self.opened.send(entry);
    }

    /// Reads a stream of this user that another process writes, after the frame `last_seen`.
    /// `None`: unknown there, or Redis does not answer, or too many read already.
    pub(super) async fn follow(
        &self,
        user_id: UserId,
        id: Uuid,
        last_seen: u64,
    ) -> Option<RemoteReader> {
        let place = self.readers.clone().try_acquire_owned().ok()?;
        RemoteReader::after(
            &self.redis,
            Keys::of(&self.redis, user_id, id),
            last_seen,
            place,
        )
        .await
        .ok()
        .flatten()
    }
}

impl Mirror {
    /// Writes until `stopping`, and then until the last stream has ended.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        mirror::run(self.redis, self.opened, stopping).await;
    }
}

/// Where a stream lies in Redis. Its owner is a part of the name: nobody else finds it.
#[derive(Clone)]
struct Keys {
    frames: String,
    /// There while somebody reads elsewhere.
    read: String,
}

impl Keys {
    fn of(redis: &Redis, user_id: UserId, id: Uuid) -> Self {
        let frames = redis.key(&format!("stream:{}:{id}", user_id.0));
        Self {
            read: format!("{frames}{READ}"),
            frames,
        }
    }
}
