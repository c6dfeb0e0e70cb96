//! How fast the queue is, on an empty database of its own: what `bench` runs and compares.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use entities::jobs::job;
use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::sync::mpsc;

use super::{
    JobContext, JobError, JobHandler, JobObserver, JobSettings, Jobs, NewJob, Outcome, Policy,
    RunResult, Worker,
    queries::{DbErr, measure as queries},
};
use crate::platform::{
    clock::Clock,
    db::{Db, DbError, Txn, WriteKey},
    entropy::Entropy,
    tasks::Tasks,
};

/// Callers that add jobs at the same time.
const CALLERS: usize = 16;
/// Jobs that are picked up one by one.
const PICKED_UP: usize = 200;
/// Finished jobs that one statement adds.
const FILLED_AT_ONCE: u64 = 50_000;
const DEADLINE: Duration = Duration::from_mins(5);

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct QueuePlan {
    /// Jobs of each round.
    pub(crate) jobs: usize,
    /// Slots of the worker, one round each.
    pub(crate) workers: Vec<usize>,
    /// Finished jobs that are put into the table first.
    pub(crate) finished: u64,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct QueueFigures {
    /// Finished jobs in the table at the start.
    pub(crate) finished: u64,
    pub(crate) enqueued_per_second: f64,
    pub(crate) rounds: Vec<Round>,
    /// From the commit that adds a job to the start of its handler, by an idle worker.
    pub(crate) pick_up_p50_ms: f64,
    pub(crate) pick_up_p99_ms: f64,
}

/// Jobs that do nothing, from the first claim to the last end.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) workers: usize,
    pub(crate) jobs_per_second: f64,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeasureError {
    /// Figures over other rows would compare nothing.
    #[error("the database has jobs already; measure on an empty one")]
    NotEmpty,
    /// The queue does not get on.
    #[error("the queue did not finish its jobs in time")]
    Stuck,
    /// A job could not be written down.
    #[error("a job cannot be written: {0}")]
    Job(#[from] serde_json::Error),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Does nothing, and says when it was begun.
struct NoOp(mpsc::UnboundedSender<Instant>);

#[async_trait]
impl JobHandler for NoOp {
    const KIND: &'static str = "no_op";
    type Parameters = ();

    fn policy() -> Policy {
        Policy {
            concurrency: usize::MAX,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &[]
    }

    async fn run(&self, _context: &JobContext, (): ()) -> Result<Outcome, JobError> {
        // Nobody listens while only ends are counted.
        let _ = self.0.send(Instant::now());
        Ok(Outcome::done())
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        Ok(())
    }
}

/// Counts ends.
#[derive(Default)]
struct Ends(AtomicUsize);

impl JobObserver for Ends {
    fn enqueued(&self, _kind: &'static str) {}
    fn started(&self, _kind: &'static str, _waited: Duration) {}
    fn finished(&self, _kind: &'static str, _result: RunResult, _took: Duration) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn rescued(&self, _kind: &'static str, _dead: bool) {}
    fn lease_lost(&self, _kind: &'static str) {}
}

/// A queue of its own with a worker.
struct Stand {
    jobs: Jobs,
    ends: Arc<Ends>,
    begun: mpsc::UnboundedReceiver<Instant>,
    tasks: Tasks,
}

/// The parts that a queue is made of.
#[derive(Clone)]
pub(crate) struct QueueParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
}

/// Measures on the database of `parts`, which must have no jobs.
pub(crate) async fn measure_queue(
    parts: &QueueParts,
    plan: &QueuePlan,
) -> Result<QueueFigures, MeasureError> {
    if queries::any_job(parts.db.read())
        .await
        .map_err(DbError::from)?
    {
        return Err(MeasureError::NotEmpty);
    }
    fill(parts, plan.finished).await?;
    let mut rounds = Vec::new();
    let mut enqueued = Vec::new();
    for workers in &plan.workers {
        let stand = Stand::open(parts, *workers);
        enqueued.push(stand.add(plan.jobs).await?);
        let jobs_per_second = stand.work_off(parts, plan.jobs).await?;
        rounds.push(Round {
            workers: *workers,
            jobs_per_second,
        });
        stand.close().await;
    }
    let mut stand = Stand::open(parts, JobSettings::default().concurrency);
    let mut times = stand.pick_up(parts).await?;
    stand.close().await;
    times.sort_unstable();
    let at = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times
            .get(rank - 1)
            .map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    enqueued.sort_by(f64::total_cmp);
    Ok(QueueFigures {
        finished: plan.finished,
        enqueued_per_second: enqueued.get(enqueued.len() / 2).copied().unwrap_or(0.0),
        rounds,
        pick_up_p50_ms: at(50),
        pick_up_p99_ms: at(99),
    })
}

async fn fill(parts: &QueueParts, finished: u64) -> Result<(), DbError> {
    let mut left = finished;
    while left > 0 {
        let part = left.min(FILLED_AT_ONCE);
        let input = (part, parts.clock.now());
        let write = parts
            .db
            .write_alone(WriteKey::Free, input, |txn, (part, now)| {
                Box::pin(queries::fill(txn, *part, *now))
            });
        write.await?;
        left -= part;
    }
    if finished > 0 {
        let analyze = parts.db.write_alone(WriteKey::Free, (), |txn, ()| {
            Box::pin(queries::analyze(txn))
        });
        analyze.await?;
    }
    Ok(())
}

impl Stand {
    fn open(parts: &QueueParts, workers: usize) -> Self {
        let (starts, begun) = mpsc::unbounded_channel();
        let ends = Arc::new(Ends::default());
        let settings = JobSettings {
            concurrency: workers,
            ..JobSettings::default()
        };
        let QueueParts { db, clock, entropy } = parts.clone();
        let jobs = Jobs::new(db, clock, entropy, settings, ends.clone());
        let tasks = Tasks::default();
        jobs.follow(&tasks);
        // A queue without kinds takes every name.
        let _ = jobs.register(NoOp(starts));
        Self {
            jobs,
            ends,
            begun,
            tasks,
        }
    }

    /// Adds jobs, each in a transaction of its caller; answers how many a second.
    async fn add(&self, count: usize) -> Result<f64, MeasureError> {
        let began = Instant::now();
        let callers = (0..CALLERS).map(move |caller| async move {
            for _ in (caller..count).step_by(CALLERS) {
                self.add_one().await?;
            }
            Ok::<_, MeasureError>(())
        });
        try_join_all(callers).await?;
        Ok(rate(count, began.elapsed()))
    }

    async fn add_one(&self) -> Result<(), MeasureError> {
        let input = (self.jobs.clone(), NewJob::of::<NoOp>(&())?);
        let write = self
            .jobs
            .0
            .db
            .write(WriteKey::Free, input, |txn, (jobs, job)| {
                Box::pin(jobs.enqueue_in(txn, job))
            });
        write.await?;
        Ok(())
    }

    /// Works off what was added; answers how many a second.
    async fn work_off(&self, parts: &QueueParts, count: usize) -> Result<f64, MeasureError> {
        let began = Instant::now();
        Worker::start(&self.jobs, parts.entropy.uuid(), &self.tasks);
        while self.ends.0.load(Ordering::Relaxed) < count {
            if began.elapsed() > DEADLINE {
                return Err(MeasureError::Stuck);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(rate(count, began.elapsed()))
    }

    /// How long each of some jobs waited for an idle worker.
    async fn pick_up(&mut self, parts: &QueueParts) -> Result<Vec<Duration>, MeasureError> {
        Worker::start(&self.jobs, parts.entropy.uuid(), &self.tasks);
        let mut times = Vec::with_capacity(PICKED_UP);
        for _ in 0..PICKED_UP {
            self.add_one().await?;
            let added = Instant::now();
            let begun = tokio::time::timeout(DEADLINE, self.begun.recv()).await;
            let begun = begun.ok().flatten().ok_or(MeasureError::Stuck)?;
            times.push(begun.saturating_duration_since(added));
        }
        Ok(times)
    }

    async fn close(self) {
        self.tasks.stop(Duration::from_secs(10)).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 jobs")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
