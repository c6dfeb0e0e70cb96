//! Answers under way, as operators see them and end them.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use entities::{Nanos, UserId};
use uuid::Uuid;

use super::{
    entry::{EndReason, Entry, StreamState},
    hub::StreamHub,
};

/// Where an answer under way stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LiveState {
    /// Nothing of it has come yet.
    Waiting,
    /// It comes.
    Streaming,
    /// It comes, and nobody reads.
    Resuming,
    /// It is being ended.
    Ending,
}

/// An answer under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LiveStream {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) kind: &'static str,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) state: LiveState,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) first_token_ms: Option<i64>,
    pub(crate) tokens: u64,
    pub(crate) tokens_per_s: f64,
    /// Tokens a second in steps of two seconds, the oldest first.
    pub(crate) series: Vec<f64>,
    pub(crate) cost: Nanos,
    pub(crate) held: Nanos,
    pub(crate) buffer_bytes: usize,
}

/// An answer that is over, for as long as it can be read again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EndedStream {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) reason: EndReason,
    pub(crate) tokens: u64,
    pub(crate) ended_at: DateTime<Utc>,
}

impl Entry {
    fn live(&self, now: DateTime<Utc>) -> LiveStream {
        let read = self.meter.lock().read(now);
        let answerer = self.answerer.lock().clone();
        let state = if self.stopped.is_cancelled() {
            LiveState::Ending
        } else if self.readers.load(Ordering::Acquire) == 0 {
            LiveState::Resuming
        } else if read.first_token_after.is_none() {
            LiveState::Waiting
        } else {
            LiveState::Streaming
        };
        LiveStream {
            id: self.info.id,
            user_id: self.info.user_id,
            kind: self.info.kind,
            provider: answerer.provider,
            model: answerer.model,
            state,
            started_at: self.info.started_at,
            first_token_ms: read.first_token_after.map(|after| after.num_milliseconds()),
            tokens: read.tokens,
            tokens_per_s: read.tokens_per_s,
            series: read.series,
            cost: self.info.price.of(read.tokens),
            held: self.info.price.held,
            buffer_bytes: self.ring.lock().bytes(),
        }
    }
}

impl StreamHub {
    /// Every answer under way, the oldest first.
    pub(crate) fn live(&self, now: DateTime<Utc>) -> Vec<LiveStream> {
        let mut live: Vec<LiveStream> = self
            .open_entries()
            .iter()
            .map(|entry| entry.live(now))
            .collect();
        live.sort_by_key(|stream| (stream.started_at, stream.id));
        live
    }

    /// The answers that ended last, the newest first.
    pub(crate) fn ended(&self, most: usize, now: DateTime<Utc>) -> Vec<EndedStream> {
        let entries = self.ended_entries(most);
        let ended = entries.iter().filter_map(|(entry, ended_at)| {
            let StreamState::Ended(reason) = entry.progress.borrow().1 else {
                return None;
            };
            Some(EndedStream {
                id: entry.info.id,
                user_id: entry.info.user_id,
                reason,
                tokens: entry.meter.lock().read(now).tokens,
                ended_at: *ended_at,
            })
        });
        ended.collect()
    }

    /// Asks an answer under way to end, whoever's it is, and says how far it has come. What it has
    /// used is settled and what has come is kept. `None`: it is not under way here.
    pub(crate) fn end_live(
        &self,
        id: Uuid,
        reason: EndReason,
        now: DateTime<Utc>,
    ) -> Option<LiveStream> {
        let entry = self.open_entry(id)?;
        entry.request_stop(reason);
        Some(entry.live(now))
    }
}
