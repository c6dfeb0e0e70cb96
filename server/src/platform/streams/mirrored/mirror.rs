//! The writing end: all streams of this process, a few times a second, in one exchange.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use redis::Pipeline;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{ENDED, FRAME, Keys, OPENED, READ_FOR};
use crate::platform::{
    redis::Redis,
    streams::{
        entry::{EndReason, Entry, StreamState},
        ring::MAX_FRAMES,
    },
};

/// What came within this time goes in one exchange.
const EVERY: Duration = Duration::from_millis(100);
/// How long a stream outlives the process that wrote it without an end.
const ALIVE_FOR: Duration = Duration::from_secs(30);
const RENEWED_EVERY: Duration = Duration::from_secs(10);
/// How long an ended stream can be read again.
const ENDED_FOR: Duration = Duration::from_mins(10);
/// The same of a stream whose user may no longer come in: until who reads elsewhere has seen its end.
const REVOKED_FOR: Duration = READ_FOR;
/// How often it is asked whether somebody reads a stream elsewhere that nobody reads here.
const READERS_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(
    redis: Redis,
    mut opened: mpsc::UnboundedReceiver<Arc<Entry>>,
    stopping: CancellationToken,
) {
    let mut streams: Vec<Mirrored> = Vec::new();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut readers_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            _ = tick.tick(), if !streams.is_empty() => {
                write(&redis, &mut streams).await;
                if readers_at.elapsed() >= READERS_EVERY {
                    readers_at = Instant::now();
                    look_for_readers(&redis, &mut streams).await;
                }
            }
            entry = opened.recv() => match entry {
                Some(entry) => streams.push(Mirrored::new(&redis, entry)),
                None if streams.is_empty() => return,
                None => tick.reset_immediately(),
            },
            () = stopping.cancelled(), if streams.is_empty() => return,
        }
    }
}

/// Sends what is new of every stream. What does not arrive is sent again the next time.
async fn write(redis: &Redis, streams: &mut Vec<Mirrored>) {
    let mut pipeline = redis::pipe();
    // An entry that arrived although its answer did not is refused the second time.
    pipeline.ignore_errors();
    let sent: Vec<Sent> = streams
        .iter()
        .map(|stream| stream.add_to(&mut pipeline))
        .collect();
    if pipeline.is_empty() {
        return;
    }
    let written = redis
        .ask_patiently(|mut connection| async move { pipeline.exec_async(&mut connection).await })
        .await;
    let arrived = written.is_ok();
    let mut sent = sent.into_iter();
    streams.retain_mut(|stream| {
        let Some(sent) = sent.next() else { return true };
        if arrived {
            stream.opened = true;
            stream.newest = sent.newest;
            stream.renewed = sent.renewed;
        }
        // Without Redis nobody will read an ended stream there: it is not kept for that.
        !sent.ended
    });
}

/// Counts one reader for a stream that is read elsewhere, so that it does not end as abandoned.
async fn look_for_readers(redis: &Redis, streams: &mut [Mirrored]) {
    let asked: Vec<&mut Mirrored> = streams
        .iter_mut()
        .filter(|stream| {
            let readers = stream.entry.readers.load(Ordering::Acquire);
            readers == 0 || stream.elsewhere.is_some()
        })
        .collect();
    if asked.is_empty() {
        return;
    }
    let keys: Vec<String> = asked
        .iter()
        .map(|stream| stream.keys.read.clone())
        .collect();
    let found: Result<Vec<Option<u8>>, _> = redis
        .ask_patiently(|mut connection| async move {
            redis::cmd("MGET")
                .arg(keys)
                .query_async(&mut connection)
                .await
        })
        .await;
    let Ok(found) = found else { return };
    for (stream, read) in asked.into_iter().zip(found) {
        match (read.is_some(), stream.elsewhere.is_some()) {
            (true, false) => stream.elsewhere = Some(Elsewhere::reads(stream.entry.clone())),
            (false, true) => stream.elsewhere = None,
            _ => {}
        }
    }
}

/// A stream and how far it lies in Redis.
struct Mirrored {
    entry: Arc<Entry>,
    keys: Keys,
    opened: bool,
    newest: u64,
    renewed: Instant,
    elsewhere: Option<Elsewhere>,
}

/// What an exchange carried of a stream.
struct Sent {
    newest: u64,
    renewed: Instant,
    ended: bool,
}

impl Mirrored {
    fn new(redis: &Redis, entry: Arc<Entry>) -> Self {
        Self {
            keys: Keys::of(redis, entry.info.user_id, entry.info.id),
            entry,
            opened: false,
            newest: 0,
            renewed: Instant::now(),
            elsewhere: None,
        }
    }

    fn add_to(&self, pipeline: &mut Pipeline) -> Sent {
        // Read the state before the ring: a stream that has ended writes nothing more.
        let (_, state) = *self.entry.progress.borrow();
        let mut add = |id: String, field: &str, value: &[u8]| {
            pipeline
                .cmd("XADD")
                .arg(&self.keys.frames)
                .arg(("MAXLEN", "~", MAX_FRAMES))
                .arg(id)
                .arg((field, value))
                .ignore();
        };
        if !self.opened {
            add("0-1".to_owned(), OPENED, b"");
        }
        let newest = {
            let ring = self.entry.ring.lock();
            // What fell out of the ring meanwhile is a gap, of which a reader is told.
            for (number, frame) in ring.frames(self.newest + 1) {
                add(format!("{number}-0"), FRAME, &frame);
            }
            ring.newest()
        };
        let ended = match state {
            StreamState::Open => false,
            StreamState::Ended(reason) => {
                add(
                    format!("{}-0", newest + 1),
                    ENDED,
                    reason.as_str().as_bytes(),
                );
                true
            }
        };
        let now = Instant::now();
        let renew = ended || !self.opened || now - self.renewed >= RENEWED_EVERY;
        if renew {
            let kept = match state {
                StreamState::Open => ALIVE_FOR,
                StreamState::Ended(EndReason::Revoked) => REVOKED_FOR,
                StreamState::Ended(_) => ENDED_FOR,
            };
            let expire = pipeline.cmd("EXPIRE").arg(&self.keys.frames);
            expire.arg(kept.as_secs()).ignore();
        }
        Sent {
            newest,
            renewed: if renew { now } else { self.renewed },
            ended,
        }
    }
}

/// A reader in another process, counted here.
struct Elsewhere(Arc<Entry>);

impl Elsewhere {
    fn reads(entry: Arc<Entry>) -> Self {
        entry.reader_came();
        Self(entry)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.reader_left();
    }
}
