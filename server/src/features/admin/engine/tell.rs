//! What was told last: so that nothing is told twice, and what ended is told as ended.

use std::collections::{BTreeMap, BTreeSet};

use api::console::{self as wire, FeedEvent};
use entities::{JobId, RetentionRunId};
use parking_lot::Mutex;

use super::{Engine, error::EngineError, retention};
use crate::platform::db::{Change, Entity};

/// Rows whose `rev` is remembered.
const REMEMBERED: usize = 4_096;
/// Rows that are read at once.
const AT_ONCE: usize = 500;

/// What was told last.
#[derive(Default)]
pub(super) struct Told {
    streams: Mutex<BTreeMap<String, wire::Stream>>,
    providers: Mutex<Vec<wire::Provider>>,
    /// The `rev` of jobs, by number.
    jobs: Mutex<BTreeMap<i64, i64>>,
    /// The newest entries of the audit log.
    audits: Mutex<BTreeSet<i64>>,
}

/// What has changed and is not told yet.
#[derive(Default)]
pub(super) struct Pending {
    jobs: BTreeSet<JobId>,
    accounts: BTreeMap<i64, i64>,
    audits: BTreeSet<i64>,
    /// Numbers of runs, and names of classes.
    retention: BTreeSet<String>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
            && self.accounts.is_empty()
            && self.audits.is_empty()
            && self.retention.is_empty()
    }

    pub(super) fn add(&mut self, change: &Change) {
        match change.entity {
            Entity::Job => {
                if let Ok(id) = change.id.parse() {
                    self.jobs.insert(JobId(id));
                }
            }
            Entity::User => {
                if let Some(user) = change.user_id {
                    let rev = self.accounts.entry(user.0).or_default();
                    *rev = change.rev.max(*rev);
                }
            }
            Entity::Audit => self.audits.extend(change.id.parse::<i64>()),
            Entity::Retention => {
                self.retention.insert(change.id.clone());
            }
            Entity::Period | Entity::Document => {}
        }
    }

    pub(super) fn add_jobs(&mut self, jobs: impl IntoIterator<Item = JobId>) {
        self.jobs.extend(jobs);
    }

    pub(super) fn add_retention(&mut self, named: impl IntoIterator<Item = String>) {
        self.retention.extend(named);
    }

    pub(super) fn add_audits(&mut self, entries: impl IntoIterator<Item = i64>) {
        self.audits.extend(entries);
    }
}

impl Engine {
    /// Reads what has changed, and tells it.
    pub(super) async fn tell_changes(&self, pending: Pending) -> Result<(), EngineError> {
        let feed = &self.0.parts.feed;
        let ids: Vec<JobId> = pending.jobs.into_iter().collect();
        for part in ids.chunks(AT_ONCE) {
            let rows = self.0.parts.jobs.by_ids(part).await?;
            for job in self.shown_jobs(rows).await? {
                if self.0.told.is_news(&job) {
                    feed.publish(FeedEvent::Job(Box::new(job)));
                }
            }
        }
        for (id, rev) in pending.accounts {
            feed.publish(FeedEvent::Account(wire::RowChange { id, rev }));
        }
        self.tell_retention(pending.retention).await?;
        self.tell_acts(pending.audits).await
    }

    async fn tell_retention(&self, named: BTreeSet<String>) -> Result<(), EngineError> {
        let parts = &self.0.parts;
        for name in named {
            let change = match name.parse() {
                Ok(id) => {
                    let run = parts.governance.run_of(RetentionRunId(id)).await?;
                    run.map(|run| wire::RetentionChange {
                        class: run.class.clone(),
                        run: Some(retention::run(run)),
                    })
                }
                Err(_) => Some(wire::RetentionChange {
                    class: name,
                    run: None,
                }),
            };
            if let Some(change) = change {
                parts.feed.publish(FeedEvent::Retention(change));
            }
        }
        Ok(())
    }

    async fn tell_acts(&self, entries: BTreeSet<i64>) -> Result<(), EngineError> {
        let told = &self.0.told.audits;
        let news: Vec<i64> = {
            let told = told.lock();
            entries
                .into_iter()
                .filter(|id| !told.contains(id))
                .collect()
        };
        let parts = &self.0.parts;
        for part in news.chunks(AT_ONCE) {
            let entries = parts.audit.find_all(part).await?;
            for record in parts.administration.records(entries).await? {
                told.lock().insert(record.id);
                parts.feed.publish(FeedEvent::Audit(Box::new(record)));
            }
        }
        let mut told = told.lock();
        while told.len() > REMEMBERED {
            told.pop_first();
        }
        Ok(())
    }

    /// Tells the numbers, answers that changed, and providers that changed.
    pub(super) async fn tell_second(&self) -> Result<(), EngineError> {
        let feed = &self.0.parts.feed;
        let pulse = self.pulse().await?;
        feed.publish(FeedEvent::Pulse(Box::new(pulse)));
        let streams = self.streams().await?;
        let change = Self::streams_change(&mut self.0.told.streams.lock(), streams);
        if let Some(change) = change {
            feed.publish(FeedEvent::Streams(change));
        }
        let providers = self.providers();
        let mut before = self.0.told.providers.lock();
        for provider in &providers {
            if !before.contains(provider) {
                feed.publish(FeedEvent::Provider(Box::new(provider.clone())));
            }
        }
        *before = providers;
        Ok(())
    }

    /// Tells alarms that began, changed or ended.
    pub(super) fn tell_alarms(&self, changes: Vec<wire::AlarmChange>) {
        for change in changes {
            self.0.parts.feed.publish(FeedEvent::Alarm(change));
        }
    }

    /// Remembers the state that a reader who begins now will be shown, so that changes are told from
    /// here on.
    pub(super) async fn remember(&self) -> Result<(), EngineError> {
        let streams = self.streams().await?;
        Self::streams_change(&mut self.0.told.streams.lock(), streams);
        *self.0.told.providers.lock() = self.providers();
        Ok(())
    }
}

impl Told {
    /// Whether the job is newer than what was told of it.
    fn is_news(&self, job: &wire::Job) -> bool {
        let mut jobs = self.jobs.lock();
        let news = jobs.get(&job.id).is_none_or(|rev| *rev < job.rev);
        if news {
            jobs.insert(job.id, job.rev);
        }
        while jobs.len() > REMEMBERED {
            // The lowest number is the oldest job.
            jobs.pop_first();
        }
        news
    }
}
