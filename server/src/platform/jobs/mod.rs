//! The durable queue: work that is added in the transaction of the data that it belongs to, and
//! that some worker finishes exactly once.
//!
//! A feature declares a kind ([`JobHandler`]), registers it, and enqueues with
//! [`Jobs::enqueue_in`] inside its own transaction. Workers ([`Worker`]) of any number of
//! processes lease ready jobs, renew the leases by heartbeat, and end each job on the condition
//! that they still hold it: the claim number, which rises at each lease and never falls, is the
//! fence. What a job writes at its end commits together with that end, or not at all.

mod acts;
mod bulk;
mod bulk_act;
mod bulk_done;
mod choice;
mod console;
mod context;
mod control;
#[cfg(feature = "failpoints")]
mod drill;
mod duties;
mod enqueue;
mod execution;
mod filter;
mod finish;
mod handler;
mod heartbeat;
mod history;
mod input;
mod leader;
mod lists;
mod measure;
mod month_turn;
mod observer;
mod owners;
mod process;
mod queries;
mod registry;
mod replay;
mod rescue;
mod rest;
mod retention;
mod schedules;
mod settings;
mod state;
mod stop;
mod vitals;
mod wake;
mod worker;

#[cfg(test)]
mod tests;

pub(crate) use acts::{Act, Acted, JobAction};
pub(crate) use context::JobContext;
pub(crate) use control::Cancelling;
#[cfg(feature = "failpoints")]
pub(crate) use drill::Drill;
pub(crate) use enqueue::{Enqueued, NewJob};
pub(crate) use filter::{JobFilter, JobPosition, JobSort, ShownState};
pub(crate) use handler::{Backoff, Effect, JobError, JobHandler, Outcome, Policy, class};
pub(crate) use input::InputRefusal;
pub(crate) use leader::{Leader, Tick};
pub(crate) use lists::JobPage;
pub(crate) use measure::{QueueParts, QueuePlan, measure_queue};
pub(crate) use month_turn::ResumeAwaitingBudget;
pub(crate) use observer::{JobObserver, RunResult};
pub(crate) use process::{Place, Process};
pub(crate) use queries::{console::Owners, retention::needed_by_a_job};
pub(crate) use registry::DuplicateKind;
pub(crate) use replay::ReplayConsent;
pub(crate) use rest::MoveJobsOfUser;
pub(crate) use schedules::{Schedule, ScheduleError};
pub(crate) use settings::JobSettings;
pub(crate) use state::is_ended;
pub(crate) use vitals::JobVitals;
pub(crate) use worker::Worker;

pub(crate) use {
    bulk::Selection,
    bulk_act::Applied,
    history::{JobRun, StageState},
};
#[cfg(test)]
pub(crate) use {bulk_act::PreviewGone, input::input_as, observer::Unobserved};

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use entities::{JobId, UserId, jobs::job};
use tokio::sync::watch;

use super::{
    budgets::JobLiveness,
    clock::Clock,
    db::{Db, DbError},
    entropy::Entropy,
};
use queries::reads;
use registry::Registry;
use schedules::Schedules;

/// The thing that a job is about: a document, a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Subject {
    /// The name of the kind of thing, as `document`.
    pub(crate) kind: &'static str,
    /// Its key.
    pub(crate) id: i64,
}

/// The queue as features see it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs(Arc<Engine>);

struct Engine {
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    observer: Arc<dyn JobObserver>,
    settings: JobSettings,
    registry: Registry,
    schedules: Schedules,
    /// Rises whenever something may have changed in the queue.
    wake: watch::Sender<u64>,
}

impl Jobs {
    /// A queue without kinds and without workers.
    pub(crate) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
        settings: JobSettings,
        observer: Arc<dyn JobObserver>,
    ) -> Self {
        Self(Arc::new(Engine {
            db,
            clock,
            entropy,
            observer,
            settings,
            registry: Registry::default(),
            schedules: Schedules::default(),
            wake: watch::Sender::new(0),
        }))
    }

    /// Makes a kind known to this process: to run it, and to tell its subjects when a job ends
    /// badly. Every process registers every kind, whether it runs workers or not.
    pub(crate) fn register<H: JobHandler>(&self, handler: H) -> Result<(), DuplicateKind> {
        self.0.registry.add(handler)
    }

    /// The stages of a kind, in order; none for a kind that is not registered.
    pub(crate) fn stages(&self, kind: &str) -> &'static [&'static str] {
        self.0
            .registry
            .get(kind)
            .map_or(&[], |handler| handler.stages())
    }

    /// The registered kinds, in order of name: the label set of metrics.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        let handlers = self.0.registry.all();
        handlers.iter().map(|handler| handler.kind()).collect()
    }

    /// A job, if it is this user's.
    pub(crate) async fn find_for_user(
        &self,
        id: JobId,
        user_id: UserId,
    ) -> Result<Option<job::Model>, DbError> {
        Ok(reads::find_for_user(self.0.db.read(), id, user_id).await?)
    }

    /// Changes whenever something may have changed in the queue, here or, on PostgreSQL, elsewhere.
    pub(crate) fn follow_changes(&self) -> watch::Receiver<u64> {
        self.0.wake.subscribe()
    }

    /// The newest job of a kind about a subject.
    pub(crate) async fn latest_for_subject(
        &self,
        subject: Subject,
        kind: &str,
    ) -> Result<Option<job::Model>, DbError> {
        Ok(reads::latest_for_subject(self.0.db.read(), subject, kind).await?)
    }

    /// Since when the longest waiting ready job could have run.
    pub(crate) async fn oldest_ready(&self) -> Result<Option<DateTime<Utc>>, DbError> {
        Ok(reads::oldest_ready(self.0.db.read(), self.0.clock.now()).await?)
    }
}

#[async_trait::async_trait]
impl JobLiveness for Jobs {
    async fn unfinished(&self, jobs: &[JobId]) -> Result<HashSet<JobId>, DbError> {
        Ok(reads::unfinished(self.0.db.read(), jobs).await?)
    }
}
