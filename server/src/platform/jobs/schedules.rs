//! Jobs that are added again and again: cron expressions in UTC, each tick once over all processes.
//!
//! Every process looks; the key of `schedule_runs` lets one of them have the tick, and the job is
//! added in the transaction that takes it. Ticks that nobody was there for are made up for by one
//! job, for the latest of them.

use std::{collections::BTreeMap, str::FromStr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use croner::Cron;
use entities::JobId;
use parking_lot::RwLock;

use super::{
    Jobs, NewJob, Tick,
    queries::{
        DbErr,
        schedules::{self, TickOf},
    },
};
use crate::platform::{
    db::{DbError, Txn, WriteKey},
    tasks::Tasks,
};

/// The longest that a process sleeps between two looks: clocks are set.
const LOOK: Duration = Duration::from_secs(10);

/// A job and when it is added.
pub(crate) struct Schedule {
    name: &'static str,
    expression: &'static str,
    cron: Cron,
    job: NewJob,
}

/// A schedule cannot be registered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// The expression is not one of cron.
    #[error("the schedule `{name}` has no valid cron expression: {reason}")]
    Expression {
        /// Whose.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// The parameters of its job cannot be written.
    #[error("the job of a schedule cannot be written: {0}")]
    Job(#[from] serde_json::Error),
    /// The name is taken.
    #[error("the schedule `{0}` is registered already")]
    Duplicate(&'static str),
}

impl Schedule {
    /// `expression` has five fields, minutes to days of the week, in UTC. While a job of the
    /// schedule is not over, its next ticks add none.
    pub(crate) fn new(
        name: &'static str,
        expression: &'static str,
        job: NewJob,
    ) -> Result<Self, ScheduleError> {
        let cron = Cron::from_str(expression).map_err(|error| ScheduleError::Expression {
            name,
            reason: error.to_string(),
        })?;
        let job = NewJob {
            duplicate_key: Some(format!("schedule:{name}")),
            ..job
        };
        Ok(Self {
            name,
            expression,
            cron,
            job,
        })
    }

    /// The latest tick that is not after `now`.
    fn latest(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_previous_occurrence(&now, true).ok()
    }

    /// The first tick after `now`.
    fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.cron.find_next_occurrence(&now, false).ok()
    }
}

/// A schedule as consoles show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScheduleView {
    pub(crate) name: &'static str,
    pub(crate) expression: &'static str,
    /// Of the job that it adds.
    pub(crate) kind: &'static str,
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// The tick that was taken last; none before the first.
    pub(crate) last_at: Option<DateTime<Utc>>,
    /// The job that it added.
    pub(crate) last_job: Option<JobId>,
}

/// The table of schedules.
#[derive(Default)]
pub(super) struct Schedules(RwLock<BTreeMap<&'static str, Arc<Schedule>>>);

impl Schedules {
    fn all(&self) -> Vec<Arc<Schedule>> {
        self.0.read().values().cloned().collect()
    }
}

impl Jobs {
    /// Makes a schedule known. Every process registers every schedule.
    pub(crate) fn schedule(&self, schedule: Schedule) -> Result<(), ScheduleError> {
        let mut known = self.0.schedules.0.write();
        if known.contains_key(schedule.name) {
            return Err(ScheduleError::Duplicate(schedule.name));
        }
        known.insert(schedule.name, Arc::new(schedule));
        Ok(())
    }

    /// Begins to look at the schedules. Call it once in every process.
    pub(crate) fn start_schedules(&self, tasks: &Tasks) {
        let stopping = tasks.stopping().clone();
        let jobs = self.clone();
        tasks.spawn("job-schedules", async move {
            let looks = async {
                loop {
                    if let Err(error) = jobs.take_due_ticks().await {
                        tracing::warn!(%error, "cannot look at the schedules");
                    }
                    tokio::time::sleep(jobs.until_next_tick()).await;
                }
            };
            stopping.run_until_cancelled(looks).await;
        });
    }

    fn until_next_tick(&self) -> Duration {
        let now = self.0.clock.now();
        let schedules = self.0.schedules.all();
        let next = schedules.iter().filter_map(|schedule| schedule.next(now));
        let wait = next
            .min()
            .and_then(|next| (next - now).to_std().ok())
            .unwrap_or(LOOK);
        wait.min(LOOK)
    }

    /// Adds the job of every schedule whose tick has come and that no process has taken; answers
    /// how many.
    pub(super) async fn take_due_ticks(&self) -> Result<u64, DbError> {
        let engine = &self.0;
        let mut taken = 0;
        for schedule in engine.schedules.all() {
            let now = engine.clock.now();
            let Some(at) = schedule.latest(now) else {
                continue;
            };
            let last = schedules::last(engine.db.read(), schedule.name).await?;
            if last.as_ref().is_some_and(|last| last.tick_at >= at) {
                continue;
            }
            let take = Take {
                jobs: self.clone(),
                schedule: Arc::clone(&schedule),
                at,
                now,
                // A schedule that nobody has seen before begins with its next tick.
                adds: last.is_some(),
            };
            let write = engine
                .db
                .write(WriteKey::Free, take, |txn, take| Box::pin(take.apply(txn)));
            if let Some(job) = write.await? {
                tracing::info!(event = "schedule_tick", schedule = schedule.name, job_id = %job, tick_at = %at);
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// How the schedules stand, by name.
    pub(crate) async fn schedule_ticks(&self) -> Result<Vec<Tick>, DbError> {
        let engine = &self.0;
        let mut ticks = Vec::new();
        for schedule in engine.schedules.all() {
            let last = schedules::last(engine.db.read(), schedule.name).await?;
            let last_at = last.map(|run| run.tick_at);
            let from = last_at.unwrap_or_else(|| engine.clock.now());
            let period = schedule
                .next(from)
                .and_then(|next| (next - from).to_std().ok());
            if let Some(period) = period {
                ticks.push(Tick {
                    task: schedule.name,
                    period,
                    last_at,
                });
            }
        }
        Ok(ticks)
    }

    /// The schedules with their last and next ticks, in order of name.
    pub(crate) async fn schedules(&self) -> Result<Vec<ScheduleView>, DbError> {
        let engine = &self.0;
        let mut views = Vec::new();
        for schedule in engine.schedules.all() {
            let last = schedules::last(engine.db.read(), schedule.name).await?;
            let last = last.and_then(|run| Some((run.tick_at, run.job_id?)));
            views.push(ScheduleView {
                name: schedule.name,
                expression: schedule.expression,
                kind: schedule.job.kind,
                next_at: schedule.next(engine.clock.now()),
                last_at: last.map(|(at, _)| at),
                last_job: last.map(|(_, job)| job),
            });
        }
        Ok(views)
    }
}

struct Take {
    jobs: Jobs,
    schedule: Arc<Schedule>,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    adds: bool,
}

impl Take {
    /// The job that was added; `None`: another process has the tick, or nothing is to be added.
    async fn apply(&self, txn: &Txn) -> Result<Option<JobId>, DbErr> {
        let tick = TickOf {
            name: self.schedule.name,
            at: self.at,
            now: self.now,
        };
        if !schedules::take(txn, tick).await? || !self.adds {
            return Ok(None);
        }
        let job = self.jobs.enqueue_in(txn, &self.schedule.job).await?;
        schedules::name_job(txn, tick, job.id()).await?;
        Ok(Some(job.id()))
    }
}
