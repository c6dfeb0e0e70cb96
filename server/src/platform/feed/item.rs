//! An event with its number, its topic, and the bytes that a client reads.

use std::sync::Arc;

use api::console::{FeedEvent, StreamsChange, Topic};
use bytes::Bytes;
use chrono::{DateTime, Utc};

/// Of what only the newest state counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Pulse,
    Streams,
    Job(i64),
    Account(i64),
    Provider(String),
    /// A run by its number, or a class by its name.
    Retention(String),
}

/// A published event.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) number: u64,
    pub(super) topic: Topic,
    /// `None`: each counts.
    pub(super) key: Option<Key>,
    /// Kept for what is merged with what follows.
    pub(super) streams: Option<StreamsChange>,
    pub(super) frame: Bytes,
    pub(super) at: DateTime<Utc>,
}

impl Item {
    /// `None` for events that are no topic's: those are written to one reader alone.
    pub(super) fn new(
        epoch: &str,
        number: u64,
        event: FeedEvent,
        at: DateTime<Utc>,
    ) -> Option<Self> {
        let (topic, key) = topic_and_key(&event)?;
        let frame = frame(epoch, number, &event)?;
        let streams = match event {
            FeedEvent::Streams(change) => Some(change),
            _ => None,
        };
        Some(Self {
            number,
            topic,
            key,
            streams,
            frame,
            at,
        })
    }

    /// This one's streams on top of those of an older one, under this one's number.
    pub(super) fn over(self: &Arc<Self>, older: &Self, epoch: &str) -> Arc<Self> {
        let (Some(old), Some(new)) = (&older.streams, &self.streams) else {
            return Arc::clone(self);
        };
        let event = FeedEvent::Streams(merged(old, new));
        Self::new(epoch, self.number, event, self.at).map_or_else(|| Arc::clone(self), Arc::new)
    }
}

/// What both changes together come to.
fn merged(old: &StreamsChange, new: &StreamsChange) -> StreamsChange {
    let gone = |id: &String| new.remove.contains(id);
    let newer = |id: &String| new.upsert.iter().any(|stream| stream.id == *id);
    let kept = old.upsert.iter();
    let kept = kept.filter(|stream| !gone(&stream.id) && !newer(&stream.id));
    let removed = old.remove.iter().filter(|id| !newer(id) && !gone(id));
    StreamsChange {
        upsert: kept.chain(&new.upsert).cloned().collect(),
        remove: removed.chain(&new.remove).cloned().collect(),
    }
}

fn topic_and_key(event: &FeedEvent) -> Option<(Topic, Option<Key>)> {
    Some(match event {
        FeedEvent::Pulse(_) => (Topic::Pulse, Some(Key::Pulse)),
        FeedEvent::Streams(_) => (Topic::Streams, Some(Key::Streams)),
        FeedEvent::Job(job) => (Topic::Jobs, Some(Key::Job(job.id))),
        FeedEvent::Account(row) => (Topic::Accounts, Some(Key::Account(row.id))),
        FeedEvent::Provider(provider) => {
            let key = Key::Provider(provider.name.clone());
            (Topic::Providers, Some(key))
        }
        FeedEvent::Retention(change) => {
            let run = change.run.as_ref().map(|run| run.id.to_string());
            let key = run.unwrap_or_else(|| change.class.clone());
            (Topic::Retention, Some(Key::Retention(key)))
        }
        FeedEvent::Alarm(_) => (Topic::Alarms, None),
        FeedEvent::Audit(_) => (Topic::Audit, None),
        FeedEvent::Snapshot(_) | FeedEvent::Lost(_) | FeedEvent::Bye(_) => return None,
    })
}

/// A numbered event as it goes over the wire.
pub(super) fn frame(epoch: &str, number: u64, event: &FeedEvent) -> Option<Bytes> {
    let body = unnumbered(event)?;
    let mut text = format!("id: {epoch}.{number}\n").into_bytes();
    text.extend_from_slice(&body);
    Some(Bytes::from(text))
}

/// An event without a number: a reader that comes back names the one before it.
pub(super) fn unnumbered(event: &FeedEvent) -> Option<Bytes> {
    let data = match event.data() {
        Ok(data) => data,
        Err(error) => {
            tracing::error!(event = "feed_event_not_written", name = event.name(), %error);
            return None;
        }
    };
    Some(Bytes::from(format!(
        "event: {}\ndata: {data}\n\n",
        event.name()
    )))
}
