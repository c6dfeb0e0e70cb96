//! Answers under way: shown, and ended.

use std::collections::BTreeMap;

use api::console as wire;
use entities::UserId;
use serde_json::json;
use uuid::Uuid;

use super::{Engine, error::EngineError};
use crate::platform::{
    audit::AuditEvent,
    budgets::OpenAnswer,
    streams::{EndReason, LiveState, LiveStream},
};

impl Engine {
    /// Answers under way in this process and, where others can be reached, in those: the oldest
    /// first.
    pub(super) async fn streams(&self) -> Result<Vec<wire::Stream>, EngineError> {
        let parts = &self.0.parts;
        let live = parts.streams.live(parts.clock.now());
        let elsewhere = if parts.relay.reaches_others() {
            let answers = parts.budgets.open_answers().await?;
            let here = |id: Uuid| live.iter().any(|stream| stream.id == id);
            // One that has just ended here may still have its hold.
            let ended = parts.streams.ended(64, parts.clock.now());
            let over = |id: Uuid| ended.iter().any(|stream| stream.id == id);
            answers
                .into_iter()
                .filter(|answer| !here(answer.stream_id) && !over(answer.stream_id))
                .collect()
        } else {
            Vec::new()
        };
        let users = live.iter().map(|stream| stream.user_id);
        let users = users.chain(elsewhere.iter().map(|answer: &OpenAnswer| answer.user_id));
        let emails = self.0.parts.accounts.emails(users).await?;
        let email = |user: UserId| emails.get(&user).cloned().unwrap_or_default();
        let process = self.process();
        let here = live
            .into_iter()
            .map(|stream| shown(&stream, email(stream.user_id), process.clone()));
        let others = elsewhere
            .into_iter()
            .map(|answer| shown_elsewhere(&answer, email(answer.user_id)));
        let mut all: Vec<wire::Stream> = here.chain(others).collect();
        all.sort_by(|left, right| (left.started_at, &left.id).cmp(&(right.started_at, &right.id)));
        Ok(all)
    }

    /// Ends one answer, wherever it is. What it has used is settled, and what has come is kept.
    /// Answers the number of the entry on record.
    pub(super) async fn end_stream(
        &self,
        actor: UserId,
        id: &str,
        reason: Option<&str>,
    ) -> Result<(wire::StreamEnded, i64), EngineError> {
        let found = self.streams().await?;
        let found = found.into_iter().find(|stream| stream.id == id);
        let stream = found.ok_or(EngineError::NoStream)?;
        let key: Uuid = stream.id.parse().map_err(|_| EngineError::NoStream)?;
        let parts = &self.0.parts;
        let entry = parts
            .audit
            .record(AuditEvent {
                actor: Some(actor),
                action: "end_stream",
                target_type: Some("stream"),
                target_id: Some(stream.id.clone()),
                metadata: json!({
                    "user_id": stream.user_id,
                    "tokens_out": stream.tokens_out,
                    "cost_nanos": stream.cost_nanos,
                    "reason_chars": reason.map(|reason| reason.chars().count()),
                }),
            })
            .await?;
        let now = parts.clock.now();
        if parts.streams.end_live(key, EndReason::Admin, now).is_none() {
            parts.relay.end_stream(key).await;
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

fn shown(stream: &LiveStream, email: String, process: String) -> wire::Stream {
    wire::Stream {
        id: stream.id.to_string(),
        user_id: stream.user_id.0,
        email,
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

/// An answer of another process, by what its hold tells: no rate, and which process is not known.
fn shown_elsewhere(answer: &OpenAnswer, email: String) -> wire::Stream {
    wire::Stream {
        id: answer.stream_id.to_string(),
        user_id: answer.user_id.0,
        email,
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
