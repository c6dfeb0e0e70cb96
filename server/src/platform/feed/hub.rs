//! Who reads, what was published, and who may read more.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use api::console::{FeedEvent, Lost, Topic};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::{
    inbox::{Inbox, Next},
    item::{self, Item},
    ring::Ring,
};
use crate::platform::{clock::Clock, telemetry::Telemetry};

/// Feeds of one principal.
const MAX_PER_PRINCIPAL: usize = 8;
/// Feeds of this process.
const MAX_READERS: usize = 32;

/// The feed of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Inner>);

struct Inner {
    epoch: String,
    state: Mutex<State>,
    readers: watch::Sender<usize>,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
}

#[derive(Default)]
struct State {
    newest: u64,
    ring: Ring,
    next_reader: u64,
    readers: HashMap<u64, Waiting>,
}

struct Waiting {
    principal: i64,
    topics: Vec<Topic>,
    inbox: Inbox,
    something: Arc<Notify>,
}

/// There are as many readers as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many consoles follow the feed: at most {MAX_PER_PRINCIPAL} of one user and {MAX_READERS} in all"
)]
pub(crate) struct FeedFull;

/// How a feed begins.
pub(crate) struct Opened {
    pub(crate) reader: Reader,
    /// The number that a snapshot taken from now on stands for; `None`: it goes on where it stopped.
    pub(crate) snapshot: Option<u64>,
}

/// One reader. Dropping it ends its place.
pub(crate) struct Reader {
    feed: Feed,
    id: u64,
    something: Arc<Notify>,
    backlog: VecDeque<Arc<Item>>,
}

impl Feed {
    /// `epoch` names this run of this process: numbers of another one mean nothing here.
    pub(crate) fn new(epoch: String, clock: Arc<dyn Clock>, telemetry: Telemetry) -> Self {
        for topic in Topic::ALL {
            telemetry.feed_events.add([topic.word()], 0);
            telemetry.feed_lost.add([topic.word()], 0);
        }
        Self(Arc::new(Inner {
            epoch,
            state: Mutex::default(),
            readers: watch::Sender::new(0),
            clock,
            telemetry,
        }))
    }

    /// How many read, as it changes.
    pub(crate) fn readers(&self) -> watch::Receiver<usize> {
        self.0.readers.subscribe()
    }

    /// Gives an event to all who follow its topic.
    pub(crate) fn publish(&self, event: FeedEvent) {
        let mut state = self.0.state.lock();
        let number = state.newest + 1;
        let now = self.0.clock.now();
        let Some(item) = Item::new(&self.0.epoch, number, event, now) else {
            return;
        };
        let item = Arc::new(item);
        state.newest = number;
        state.ring.push(item.clone());
        self.0.telemetry.feed_events.increment([item.topic.word()]);
        for reader in state.readers.values_mut() {
            if !reader.topics.contains(&item.topic) {
                continue;
            }
            if let Some(lost) = reader.inbox.offer(&item, &self.0.epoch) {
                self.0.telemetry.feed_lost.increment([lost.word()]);
            }
            reader.something.notify_one();
        }
    }

    /// Says that events of these topics were missed, nobody knows which.
    pub(crate) fn missed(&self, topics: &[Topic], count: i64) {
        let mut state = self.0.state.lock();
        for reader in state.readers.values_mut() {
            for topic in topics.iter().filter(|topic| reader.topics.contains(topic)) {
                reader.inbox.missed(*topic, count);
            }
            reader.something.notify_one();
        }
        drop(state);
        self.pause();
    }

    /// Says that what happens from now on is not published: nobody can go on from before.
    pub(crate) fn pause(&self) {
        let mut state = self.0.state.lock();
        state.newest += 1;
        let newest = state.newest;
        state.ring.break_at(newest);
    }

    /// A place for one more reader, which goes on after `last_seen` when that is possible.
    pub(crate) fn open(
        &self,
        principal: i64,
        topics: Vec<Topic>,
        last_seen: Option<&str>,
    ) -> Result<Opened, FeedFull> {
        let mut state = self.0.state.lock();
        let own = state.readers.values();
        let own = own.filter(|reader| reader.principal == principal).count();
        if own >= MAX_PER_PRINCIPAL || state.readers.len() >= MAX_READERS {
            self.0.telemetry.feed_opened.increment(["refused"]);
            return Err(FeedFull);
        }
        let followed = last_seen
            .and_then(|id| self.number_of(id))
            .filter(|number| *number <= state.newest)
            .and_then(|number| state.ring.after(number));
        let snapshot = followed.is_none().then_some(state.newest);
        let result = if snapshot.is_some() {
            "snapshot"
        } else {
            "resumed"
        };
        self.0.telemetry.feed_opened.increment([result]);
        let backlog = followed.unwrap_or_default().into_iter();
        let backlog = backlog
            .filter(|item| topics.contains(&item.topic))
            .collect();
        let id = state.next_reader;
        state.next_reader += 1;
        let something = Arc::new(Notify::new());
        state.readers.insert(
            id,
            Waiting {
                principal,
                topics,
                inbox: Inbox::default(),
                something: something.clone(),
            },
        );
        self.count(&state);
        drop(state);
        Ok(Opened {
            reader: Reader {
                feed: self.clone(),
                id,
                something,
                backlog,
            },
            snapshot,
        })
    }

    fn number_of(&self, id: &str) -> Option<u64> {
        let (epoch, number) = id.rsplit_once('.')?;
        (epoch == self.0.epoch).then(|| number.parse().ok())?
    }

    /// The bytes of an event of one reader alone, under a number that was given to it.
    pub(crate) fn frame(&self, number: u64, event: &FeedEvent) -> Option<Bytes> {
        item::frame(&self.0.epoch, number, event)
    }

    fn count(&self, state: &State) {
        let readers = state.readers.len();
        self.0.readers.send_replace(readers);
        let level = u32::try_from(readers).map_or(f64::MAX, f64::from);
        self.0.telemetry.feed_readers.set([], level);
    }

    pub(super) fn closed(&self, reason: &str) {
        self.0.telemetry.feed_closed.increment([reason]);
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        self.0.state.lock().ring.size()
    }
}

impl Reader {
    /// The bytes of the next event, as soon as there is one. Cancel safe.
    pub(crate) async fn next(&mut self) -> Bytes {
        loop {
            if let Some(item) = self.backlog.pop_front() {
                return item.frame.clone();
            }
            match self.take() {
                Some(Next::Item(item)) => return item.frame.clone(),
                Some(Next::Lost(lost)) => {
                    if let Some(frame) = lost_frame(lost) {
                        return frame;
                    }
                }
                None => self.something.notified().await,
            }
        }
    }

    fn take(&self) -> Option<Next> {
        let mut state = self.feed.0.state.lock();
        state.readers.get_mut(&self.id)?.inbox.next()
    }

    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        let state = self.feed.0.state.lock();
        let waiting = state.readers.get(&self.id);
        waiting.map_or(0, |waiting| waiting.inbox.len()) + self.backlog.len()
    }
}

fn lost_frame(lost: Lost) -> Option<Bytes> {
    item::unnumbered(&FeedEvent::Lost(lost))
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.feed.0.state.lock();
        state.readers.remove(&self.id);
        self.feed.count(&state);
    }
}
