//! What runs in the background: samples always, and what the feed tells while somebody reads.

use std::time::Duration;

use api::console::Topic;
use entities::RetentionRunId;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{Engine, error::EngineError, tell::Pending};
use crate::platform::{
    db::{Change, Entity},
    feed::{Ender, Heard},
    rates,
    streams::EndReason,
};

const SECOND: Duration = Duration::from_secs(1);
/// Alarms are looked for every so many seconds.
const LOOK: u64 = 3;
/// Changes that come within this time are read together.
const GATHER: Duration = Duration::from_millis(50);
/// How long it goes on without readers: one that lost its line comes back and misses nothing.
const LINGER: Duration = Duration::from_mins(1);
/// Entries of the audit log that are read at once, and how often at one look: the next look goes on.
const ACTS: u64 = 200;
const PAGES: usize = 25;
/// Runs of retention that are looked at: those of one sweep, one for each class.
const RUNS: u64 = 30;
/// What is told of rows that change.
const ROWS: [Topic; 4] = [Topic::Jobs, Topic::Accounts, Topic::Audit, Topic::Retention];

/// How far the tables were read that other processes write.
struct Read {
    line: i64,
    entry: i64,
    /// The newest runs of retention, and whether they were over.
    runs: Vec<(RetentionRunId, bool)>,
}

impl Engine {
    /// Samples the metrics for the series, for ever.
    pub(super) async fn sample(self) {
        let mut steps = interval(rates::STEP);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            steps.tick().await;
            self.0.parts.rates.step();
        }
    }

    /// Publishes what happens while somebody reads, for ever.
    pub(super) async fn publish(self) {
        let mut readers = self.0.parts.feed.readers();
        loop {
            while *readers.borrow_and_update() == 0 {
                if readers.changed().await.is_err() {
                    return;
                }
            }
            if let Err(error) = self.publish_until_nobody_reads().await {
                tracing::warn!(event = "feed_interrupted", %error);
                self.0.parts.feed.missed(Topic::ALL, 1);
                tokio::time::sleep(SECOND).await;
            }
            self.0.awake.send_replace(false);
        }
    }

    /// Resolves when what happens is being published: a snapshot taken after it misses nothing.
    pub(super) async fn awake(&self) {
        let mut awake = self.0.awake.subscribe();
        // The sender is ours: it cannot be gone.
        let _ = awake.wait_for(|awake| *awake).await;
    }

    async fn publish_until_nobody_reads(&self) -> Result<(), EngineError> {
        let parts = &self.0.parts;
        let mut changes = parts.db.changes();
        let mut heard = parts.relay.heard();
        let mut read = Read {
            line: parts.jobs.newest_line().await?,
            entry: self.newest_entry().await?,
            runs: self.newest_runs().await?,
        };
        self.remember().await?;
        self.0.awake.send_replace(true);
        let readers = parts.feed.readers();
        let mut seconds = interval(SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut pending, mut tell_at) = (Pending::default(), None::<Instant>);
        let (mut second, mut alone_since) = (0_u64, None::<Instant>);
        loop {
            let due = tell_at.unwrap_or_else(|| Instant::now() + SECOND);
            tokio::select! {
                biased;
                () = sleep_until(due), if tell_at.is_some() => {
                    tell_at = None;
                    self.tell_changes(std::mem::take(&mut pending)).await?;
                }
                change = changes.recv() => self.take(&mut pending, change),
                message = heard.recv() => self.take_heard(&mut pending, message),
                _ = seconds.tick() => {
                    second += 1;
                    if *readers.borrow() > 0 {
                        alone_since = None;
                    } else if alone_since.get_or_insert_with(Instant::now).elapsed() > LINGER {
                        parts.feed.pause();
                        return Ok(());
                    }
                    self.look_at_tables(&mut read, &mut pending).await?;
                    self.tell_second().await?;
                    if second % LOOK == 1 {
                        let changes = self.look().await?;
                        self.tell_alarms(changes);
                    }
                }
            }
            if !pending.is_empty() {
                tell_at.get_or_insert_with(|| Instant::now() + GATHER);
            }
        }
    }

    fn take(&self, pending: &mut Pending, change: Result<Change, RecvError>) {
        match change {
            Ok(change) => pending.add(&change),
            Err(RecvError::Lagged(lost)) => {
                let lost = i64::try_from(lost).unwrap_or(i64::MAX);
                self.0.parts.feed.missed(&ROWS, lost);
            }
            // The door closes when the process stops.
            Err(RecvError::Closed) => {}
        }
    }

    fn take_heard(&self, pending: &mut Pending, message: Result<Heard, RecvError>) {
        match message {
            Ok(Heard::Changed(change)) => pending.add(&change),
            Ok(Heard::EndStream(..) | Heard::EndStreamsOf(_) | Heard::Report(_))
            | Err(RecvError::Closed) => {}
            Ok(Heard::Gap) | Err(RecvError::Lagged(_)) => self.0.parts.feed.missed(&ROWS, 1),
        }
    }

    async fn newest_entry(&self) -> Result<i64, EngineError> {
        let newest = self.0.parts.audit.list(1, None, &[]).await?;
        Ok(newest.first().map_or(0, |entry| entry.id))
    }

    /// SQLite cannot tell: what workers and commands wrote is found in the logs that they append to.
    async fn look_at_tables(
        &self,
        read: &mut Read,
        pending: &mut Pending,
    ) -> Result<(), EngineError> {
        let parts = &self.0.parts;
        // A command sweeps without telling anybody, on either database.
        let runs = self.newest_runs().await?;
        let changed = runs.iter().filter(|run| !read.runs.contains(run));
        pending.add_retention(changed.map(|(id, _)| id.0.to_string()));
        read.runs = runs;
        if parts.db.carries_messages() {
            return Ok(());
        }
        let (line, jobs) = parts.jobs.changed_after(read.line).await?;
        read.line = line;
        pending.add_jobs(jobs);
        for _ in 0..PAGES {
            let page = parts.audit.after(read.entry, ACTS).await?;
            let Some(last) = page.last() else { break };
            for entry in &page {
                pending.add_audits([entry.id]);
                if entry.action == "set_retention" {
                    pending.add_retention(entry.target_id.clone());
                }
                if let Some(change) = self.account_of(entry).await? {
                    pending.add(&change);
                }
            }
            read.entry = last.id;
        }
        Ok(())
    }

    async fn newest_runs(&self) -> Result<Vec<(RetentionRunId, bool)>, EngineError> {
        let runs = self.0.parts.governance.runs(None, None, RUNS).await?;
        let runs = runs.into_iter();
        Ok(runs
            .map(|run| (run.id, run.finished_at.is_some()))
            .collect())
    }

    /// The change of a user that an act came with.
    async fn account_of(
        &self,
        entry: &crate::platform::audit::AuditEntry,
    ) -> Result<Option<Change>, EngineError> {
        if entry.target_type.as_deref() != Some("user") {
            return Ok(None);
        }
        let Some(id) = entry.target_id.as_ref().and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let user = entities::UserId(id);
        let rev = self.0.parts.accounts.rev(user).await?;
        Ok(rev.map(|rev| Change {
            entity: Entity::User,
            id: id.to_string(),
            user_id: Some(user),
            rev,
        }))
    }

    /// Does what other processes ask for: ends answers, and those of users who may no longer come
    /// in; and asks anew who may.
    pub(super) async fn obey(self) {
        let mut heard = self.0.parts.relay.heard();
        loop {
            match heard.recv().await {
                Ok(message) => self.obey_one(message).await,
                // What is known of users is old in a moment anyway.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn obey_one(&self, message: Heard) {
        let parts = &self.0.parts;
        match message {
            Heard::EndStream(id, by) => {
                let now = parts.clock.now();
                let reason = match by {
                    Ender::Owner => EndReason::Stopped,
                    Ender::Admin => EndReason::Admin,
                };
                if parts.streams.end_live(id, reason, now).is_some() {
                    tracing::info!(event = "stream_ended_from_elsewhere", stream_id = %id);
                }
            }
            Heard::EndStreamsOf(user) => {
                let streams = parts.streams.stop_user(user, EndReason::Admin);
                if streams > 0 {
                    tracing::info!(event = "streams_ended_from_elsewhere", user_id = %user, streams);
                }
            }
            Heard::Report(report) => self.0.elsewhere.take(report, Instant::now()),
            Heard::Changed(change) if change.entity == Entity::User => {
                let Some(user) = change.user_id else { return };
                parts.authenticator.changed_elsewhere(user);
                if parts.streams.open_of(user) == 0 {
                    return;
                }
                let active = parts.accounts.is_active(user).await;
                if active.is_ok_and(|active| !active) {
                    parts.streams.stop_user(user, EndReason::Revoked);
                }
            }
            Heard::Changed(_) | Heard::Gap => {}
        }
    }
}

/// Follows the changes of one user.
pub(super) struct UserChanges(pub(super) broadcast::Receiver<Change>, pub(super) i64);

impl UserChanges {
    /// Resolves when the user may have changed. Cancel safe.
    pub(super) async fn changed(&mut self) {
        loop {
            match self.0.recv().await {
                Ok(change) if change.entity != Entity::User => {}
                Ok(change) if change.user_id.is_some_and(|user| user.0 != self.1) => {}
                Ok(_) | Err(RecvError::Lagged(_)) => return,
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
