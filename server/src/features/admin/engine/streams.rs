//! Answers under way: shown, and ended.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use api::console as wire;
use entities::UserId;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Engine, error::EngineError};
use crate::{
    features::admin::answers::Ending,
    platform::{
        audit::{Act, By},
        budgets::OpenAnswer,
        streams::{EndReason, LiveState, LiveStream},
    },
};

/// How long a list waits for what other processes tell of answers that are known by their money
/// alone.
const TELL_WITHIN: Duration = Duration::from_millis(400);

impl Engine {
    /// Answers under way in this process and, where others can be reached, in those: the oldest
    /// first.
    pub(super) async fn streams(&self) -> Result<Vec<wire::Stream>, EngineError> {
        let parts = &self.0.parts;
        let mut elsewhere: HashMap<String, OpenAnswer> = parts
            .administration
            .answers_elsewhere()
            .await?
            .into_iter()
            .map(|answer| (answer.stream_id.to_string(), answer))
            .collect();
        let mut all = self.streams_here();
        // What has ended there since it was told has no money reserved any more.
        let told = self.0.elsewhere.streams(Instant::now()).into_iter();
        all.extend(told.filter(|stream| elsewhere.remove(&stream.id).is_some()));
        all.extend(elsewhere.values().map(shown_elsewhere));
        let users = all.iter().map(|stream| UserId(stream.user_id));
        let emails = parts.accounts.emails(users).await?;
        for stream in &mut all {
            let email = emails.get(&UserId(stream.user_id));
            stream.email = email.cloned().unwrap_or_default();
        }
        all.sort_by(|left, right| (left.started_at, &left.id).cmp(&(right.started_at, &right.id)));
        Ok(all)
    }

    /// As [`Engine::streams`]; asks the other processes for what is not known of theirs.
    pub(super) async fn streams_asked_for(&self) -> Result<Vec<wire::Stream>, EngineError> {
        let mut told = self.0.elsewhere.told();
        let mut asked_until = None;
        loop {
            told.mark_unchanged();
            let streams = self.streams().await?;
            if streams.iter().all(|stream| !stream.process.is_empty()) {
                return Ok(streams);
            }
            let until = if let Some(until) = asked_until {
                until
            } else {
                self.0.parts.relay.ask().await;
                *asked_until.insert(Instant::now() + TELL_WITHIN)
            };
            if tokio::time::timeout_at(until, told.changed())
                .await
                .is_err()
            {
                return Ok(streams);
            }
        }
    }

    /// Answers under way in this process, without the addresses of their users.
    pub(super) fn streams_here(&self) -> Vec<wire::Stream> {
        let parts = &self.0.parts;
        let (live, process) = (parts.streams.live(parts.clock.now()), self.process());
        live.iter()
            .map(|stream| shown(stream, process.clone()))
            .collect()
    }

    /// Ends one answer, wherever it is. What it has used is settled, and what has come is kept.
    /// Answers the number of the entry on record.
    pub(super) async fn end_stream(
        &self,
        by: &By,
        id: &str,
        reason: Option<&str>,
    ) -> Result<(wire::StreamEnded, i64), EngineError> {
        let found = self.streams().await?;
        let found = found.into_iter().find(|stream| stream.id == id);
        let stream = found.ok_or(EngineError::NoStream)?;
        let key: Uuid = stream.id.parse().map_err(|_| EngineError::NoStream)?;
        let parts = &self.0.parts;
        let act = Act::on("end_stream", "stream", &stream.id)
            .with("user_id", stream.user_id)
            .with("tokens_out", stream.tokens_out)
            .with("cost_nanos", stream.cost_nanos)
            .with("reason_chars", reason.map(|reason| reason.chars().count()));
        let entry = parts.audit.record_act(by, act).await?;
        let now = parts.clock.now();
        if parts.streams.end_live(key, EndReason::Admin, now).is_none() {
            parts.administration.end_elsewhere(Ending::One(key)).await;
        }
        let ended = wire::StreamEnded {
            id: stream.id,
            tokens_out: stream.tokens_out,
            cost_nanos: stream.cost_nanos,
        };
        Ok((ended, entry))
    }

    /// What changed since the last call: for the feed.
    pub(super) fn streams_change(
        before: &mut BTreeMap<String, wire::Stream>,
        now: Vec<wire::Stream>,
    ) -> Option<wire::StreamsChange> {
        let now: BTreeMap<String, wire::Stream> = now
            .into_iter()
            .map(|stream| (stream.id.clone(), stream))
            .collect();
        let change = wire::StreamsChange {
            upsert: now
                .values()
                .filter(|stream| before.get(&stream.id) != Some(stream))
                .cloned()
                .collect(),
            remove: before
                .keys()
                .filter(|id| !now.contains_key(*id))
                .cloned()
                .collect(),
        };
        *before = now;
        let any = !change.upsert.is_empty() || !change.remove.is_empty();
        any.then_some(change)
    }
}

fn shown(stream: &LiveStream, process: String) -> wire::Stream {
    wire::Stream {
        id: stream.id.to_string(),
        user_id: stream.user_id.0,
        email: String::new(),
        kind: stream.kind.to_owned(),
        provider: Some(stream.provider.clone()),
        model: Some(stream.model.clone()),
        state: match stream.state {
            LiveState::Waiting => wire::StreamState::Waiting,
            LiveState::Streaming => wire::StreamState::Streaming,
            LiveState::Resuming => wire::StreamState::Resuming,
            LiveState::Ending => wire::StreamState::Ending,
        },
        started_at: stream.started_at,
        first_token_ms: stream.first_token_ms,
        tokens_out: i64::try_from(stream.tokens).unwrap_or(i64::MAX),
        tokens_per_s: stream.tokens_per_s,
        series: stream.series.clone(),
        cost_nanos: stream.cost.0,
        held_nanos: stream.held.0,
        buffer_bytes: i64::try_from(stream.buffer_bytes).unwrap_or(i64::MAX),
        process,
    }
}

/// An answer of another process that does not tell of it, by its money: no rate, and which process
/// is not known.
fn shown_elsewhere(answer: &OpenAnswer) -> wire::Stream {
    wire::Stream {
        id: answer.stream_id.to_string(),
        user_id: answer.user_id.0,
        email: String::new(),
        kind: "chat".to_owned(),
        provider: Some(answer.provider.clone()),
        model: Some(answer.model.clone()),
        state: if answer.tokens > 0 {
            wire::StreamState::Streaming
        } else {
            wire::StreamState::Waiting
        },
        started_at: answer.started_at,
        first_token_ms: None,
        tokens_out: answer.tokens,
        tokens_per_s: 0.0,
        series: Vec::new(),
        cost_nanos: answer.cost.0,
        held_nanos: answer.held.0,
        buffer_bytes: 0,
        process: String::new(),
    }
}
