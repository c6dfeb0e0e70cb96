//! The reading end in another process than the one that answers.

use std::{collections::VecDeque, time::Duration};

use redis::{RedisResult, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::sync::OwnedSemaphorePermit;

use super::{ENDED, FRAME, Keys, READ_FOR};
use crate::platform::{
    redis::{Redis, RedisUnavailable},
    streams::ReaderEvent,
};

/// How long one exchange waits for a new entry; the reader says that it is still there at each.
const WAIT_MILLIS: u64 = 2_000;
/// Entries of one exchange.
const MOST: usize = 256;

/// A reader of a stream that another process writes.
pub(crate) struct RemoteReader {
    connection: MultiplexedConnection,
    keys: Keys,
    last: u64,
    read: VecDeque<Entry>,
    closed: bool,
    pub(in super::super) numbered: bool,
    _place: OwnedSemaphorePermit,
}

enum Entry {
    Frame(u64, Vec<u8>),
    Ended,
}

impl RemoteReader {
    /// `None`: there is no such stream.
    pub(super) async fn after(
        redis: &Redis,
        keys: Keys,
        last_seen: u64,
        place: OwnedSemaphorePermit,
    ) -> Result<Option<Self>, RedisUnavailable> {
        let name = keys.frames.clone();
        let exists: bool = redis
            .ask(|mut connection| async move {
                redis::cmd("EXISTS")
                    .arg(name)
                    .query_async(&mut connection)
                    .await
            })
            .await?;
        if !exists {
            return Ok(None);
        }
        Ok(Some(Self {
            connection: redis
                .own_connection(Duration::from_millis(2 * WAIT_MILLIS))
                .await?,
            keys,
            last: last_seen,
            read: VecDeque::new(),
            closed: false,
            numbered: false,
            _place: place,
        }))
    }

    /// The next event, as soon as there is one. Cancel safe: what was not taken is read again.
    pub(crate) async fn next(&mut self) -> ReaderEvent {
        loop {
            if self.closed {
                return ReaderEvent::End;
            }
            let frames = self.following();
            if !frames.is_empty() {
                return ReaderEvent::Frames(frames.into());
            }
            match self.read.pop_front() {
                Some(Entry::Frame(..)) => return self.lost(),
                Some(Entry::Ended) => {
                    self.closed = true;
                    return ReaderEvent::End;
                }
                None => {}
            }
            match self.wait().await {
                Ok(true) => {}
                Ok(false) | Err(_) => return self.lost(),
            }
        }
    }

    /// The frames that were read and follow without a gap.
    fn following(&mut self) -> Vec<u8> {
        let mut frames = Vec::new();
        let next = |entry: &mut Entry, last: u64| matches!(entry, Entry::Frame(number, _) if *number == last + 1);
        while let Some(Entry::Frame(number, frame)) =
            self.read.pop_front_if(|entry| next(entry, self.last))
        {
            if self.numbered {
                frames.extend_from_slice(format!("id: {number}\n").as_bytes());
            }
            frames.extend_from_slice(&frame);
            self.last = number;
        }
        frames
    }

    fn lost(&mut self) -> ReaderEvent {
        self.closed = true;
        ReaderEvent::Lost
    }

    /// Reads what follows; `false` when the stream is gone.
    async fn wait(&mut self) -> RedisResult<bool> {
        let mut exchange = redis::pipe();
        let read_for = READ_FOR.as_secs();
        exchange
            .cmd("SET")
            .arg((&self.keys.read, 1, "EX", read_for))
            .ignore();
        exchange.cmd("EXISTS").arg(&self.keys.frames);
        // The announcement of the stream lies at 0-1.
        let after = if self.last == 0 {
            "0-1".to_owned()
        } else {
            format!("{}-0", self.last)
        };
        exchange
            .cmd("XREAD")
            .arg(("COUNT", MOST, "BLOCK", WAIT_MILLIS))
            .arg(("STREAMS", &self.keys.frames, after));
        let (exists, reply): (bool, Option<StreamReadReply>) =
            exchange.query_async(&mut self.connection).await?;
        let entries = reply.into_iter().flat_map(|reply| reply.keys);
        for entry in entries.flat_map(|stream| stream.ids) {
            let number = entry.id.split('-').next().and_then(|id| id.parse().ok());
            if let (Some(number), Some(frame)) = (number, entry.get::<Vec<u8>>(FRAME)) {
                self.read.push_back(Entry::Frame(number, frame));
            } else if entry.contains_key(ENDED) {
                self.read.push_back(Entry::Ended);
            }
        }
        Ok(exists || !self.read.is_empty())
    }
}
