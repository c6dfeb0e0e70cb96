//! The engine on both databases. Handlers are scripted closures; tests wait for what they expect
//! by following the change feed, and move the clock by hand.

mod acts;
mod cancelling;
mod controls;
mod enqueueing;
mod failing;
mod fairness;
mod inputs;
mod leases;
mod lists;
mod machine;
mod processes;
mod running;
mod schedules;
mod stopping;
mod ways;

use std::{collections::HashMap, marker::PhantomData, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, JobState, jobs::job};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DbErr, Statement};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::*;
use crate::platform::{
    clock::ManualClock,
    db::{Db, Txn, WriteKey, testing::TestDb},
    tasks::Tasks,
};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

const LOOK_AGAIN: Duration = Duration::from_millis(50);

type Script = Arc<
    dyn for<'a> Fn(&'a JobContext, i64) -> BoxFuture<'a, Result<Outcome, JobError>> + Send + Sync,
>;

/// A kind for tests.
trait Flavour: Send + Sync + 'static {
    const KIND: &'static str;

    fn policy() -> Policy {
        Policy {
            max_attempts: 3,
            concurrency: 8,
            ..Policy::default()
        }
    }
}

/// Nothing special.
struct Plain;
impl Flavour for Plain {
    const KIND: &'static str = "plain";
}

/// Another kind, of which one runs at a time.
struct Single;
impl Flavour for Single {
    const KIND: &'static str = "single";
    fn policy() -> Policy {
        Policy {
            concurrency: 1,
            ..Plain::policy()
        }
    }
}

/// As many at once as there are slots.
struct Wide;
impl Flavour for Wide {
    const KIND: &'static str = "wide";
    fn policy() -> Policy {
        Policy {
            concurrency: usize::MAX,
            ..Plain::policy()
        }
    }
}

/// Must be over at once.
struct Hasty;
impl Flavour for Hasty {
    const KIND: &'static str = "hasty";
    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_millis(20),
            ..Plain::policy()
        }
    }
}

/// A handler that does what the test says.
struct Scripted<F> {
    script: Script,
    flavour: PhantomData<fn() -> F>,
}

#[async_trait]
impl<F: Flavour> JobHandler for Scripted<F> {
    const KIND: &'static str = F::KIND;
    type Parameters = i64;

    fn policy() -> Policy {
        F::policy()
    }

    fn stages() -> &'static [&'static str] {
        &["read", "write"]
    }

    async fn run(&self, context: &JobContext, number: i64) -> Result<Outcome, JobError> {
        (self.script)(context, number).await
    }

    fn check_input(&self, input: &serde_json::Value) -> Result<(), String> {
        input_as::<i64>(input).map(|_| ())
    }

    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        let class = job.error_class.clone().unwrap_or_default();
        note(txn, "gave_up", job.id, &class).await
    }
}

/// Writes a line to the scratch table: an effect that can be counted.
async fn note(txn: &Txn, what: &str, job: JobId, detail: &str) -> Result<(), DbErr> {
    txn.execute_raw(Statement::from_sql_and_values(
        txn.get_database_backend(),
        "INSERT INTO notes (what, job, detail) VALUES ($1, $2, $3)",
        [what.into(), job.0.into(), detail.into()],
    ))
    .await?;
    Ok(())
}

/// Done, with a line that names the claim.
fn done_with_note(context: &JobContext) -> Outcome {
    let input = (context.job_id(), context.claim().to_string());
    Outcome::done_with(input, |txn, (job, claim)| {
        Box::pin(note(txn, "effect", *job, claim))
    })
}

/// Counts what the engine reports.
#[derive(Default)]
struct Counts {
    enqueued: Mutex<usize>,
    results: Mutex<HashMap<&'static str, usize>>,
    lost: Mutex<usize>,
    rescued: Mutex<usize>,
}

impl JobObserver for Counts {
    fn enqueued(&self, _kind: &'static str) {
        *self.enqueued.lock() += 1;
    }
    fn started(&self, _kind: &'static str, _waited: Duration) {}
    fn finished(&self, _kind: &'static str, result: RunResult, _took: Duration) {
        *self.results.lock().entry(result.as_str()).or_default() += 1;
    }
    fn rescued(&self, _kind: &'static str, _dead: bool) {
        *self.rescued.lock() += 1;
    }
    fn lease_lost(&self, _kind: &'static str) {
        *self.lost.lock() += 1;
    }
}

impl Counts {
    fn result(&self, result: RunResult) -> usize {
        let results = self.results.lock();
        results.get(result.as_str()).copied().unwrap_or_default()
    }
}

/// One process: its own connection to the database, its own queue.
struct Site {
    db: Db,
    jobs: Jobs,
    clock: ManualClock,
    counts: Arc<Counts>,
    tasks: Tasks,
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).expect("a time")
}

fn quick() -> JobSettings {
    JobSettings {
        poll: Duration::from_millis(20),
        cancel_poll: Duration::from_millis(20),
        heartbeat: Duration::from_hours(1),
        rescue: Duration::from_hours(1),
        drain: Duration::from_secs(5),
        ..JobSettings::default()
    }
}

impl Site {
    /// The first process on a fresh database.
    async fn first(test: &TestDb, settings: JobSettings) -> Self {
        let table = "CREATE TABLE notes (what TEXT, job UUID, detail TEXT)";
        test.db
            .write(WriteKey::Free, (), move |txn, ()| {
                Box::pin(async move { txn.execute_unprepared(table).await.map(|_| ()) })
            })
            .await
            .expect("a scratch table");
        Self::on(test.db.clone(), ManualClock::starting_at(noon()), settings)
    }

    /// Another process on the same database, with the same time.
    async fn beside(&self, test: &TestDb, settings: JobSettings) -> Self {
        let db = Db::connect(test.settings()).await.expect("a connection");
        Self::on(db, self.clock.clone(), settings)
    }

    fn on(db: Db, clock: ManualClock, settings: JobSettings) -> Self {
        let counts = Arc::new(Counts::default());
        let tasks = Tasks::default();
        let observer = Arc::clone(&counts) as Arc<dyn JobObserver>;
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let jobs = Jobs::new(db.clone(), time, Entropy::from_system(), settings, observer);
        jobs.follow(&tasks);
        Self {
            db,
            jobs,
            clock,
            counts,
            tasks,
        }
    }

    fn handle<F: Flavour>(
        &self,
        script: impl for<'a> Fn(&'a JobContext, i64) -> BoxFuture<'a, Result<Outcome, JobError>>
        + Send
        + Sync
        + 'static,
    ) {
        let handler = Scripted::<F> {
            script: Arc::new(script),
            flavour: PhantomData,
        };
        self.jobs.register(handler).expect("a new kind");
    }

    fn work(&self) -> Worker {
        Worker::start(&self.jobs, Uuid::from_u128(rand_u128()), &self.tasks)
    }

    async fn add<F: Flavour>(&self, number: i64) -> JobId {
        self.add_job(new::<F>(number)).await.id()
    }

    async fn add_job(&self, job: NewJob) -> Enqueued {
        let input = (self.jobs.clone(), job);
        self.db
            .write(WriteKey::Free, input, |txn, (jobs, job)| {
                Box::pin(jobs.enqueue_in(txn, job))
            })
            .await
            .expect("a job")
    }

    async fn cancel(&self, id: JobId) -> Cancelling {
        let input = (self.jobs.clone(), id);
        self.db
            .write(WriteKey::Free, input, |txn, (jobs, id)| {
                Box::pin(jobs.cancel_in(txn, *id))
            })
            .await
            .expect("an answer")
    }

    async fn job(&self, id: JobId) -> job::Model {
        let found = self.jobs.one(id).await.expect("an answer");
        found.expect("the job")
    }

    async fn state(&self, id: JobId) -> JobState {
        self.job(id).await.state
    }

    /// The words of the job's log.
    async fn log(&self, id: JobId) -> Vec<String> {
        let lines = self
            .jobs
            .events_after(id, 0, 10_000)
            .await
            .expect("an answer");
        lines.into_iter().map(|line| line.event).collect()
    }

    /// The lines of the scratch table about a job.
    async fn notes(&self, id: JobId) -> Vec<(String, String)> {
        let rows = self
            .db
            .read()
            .query_all_raw(Statement::from_sql_and_values(
                self.db.backend(),
                "SELECT what, detail FROM notes WHERE job = $1",
                [id.0.into()],
            ))
            .await
            .expect("an answer");
        rows.iter()
            .map(|row| {
                let what: String = row.try_get("", "what").expect("text");
                let detail: String = row.try_get("", "detail").expect("text");
                (what, detail)
            })
            .collect()
    }

    fn advance(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
        self.jobs.wake();
    }

    /// Waits until the condition holds, looking again after each change by this process, and now
    /// and then for those of others.
    async fn until<C: AsyncFn() -> bool>(&self, what: &str, condition: C) {
        let mut changes = self.db.changes();
        let wait = async {
            while !condition().await {
                let change = tokio::time::timeout(LOOK_AGAIN, changes.recv()).await;
                assert!(change != Ok(Err(RecvError::Closed)), "the feed ended");
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "still not: {what}");
    }

    async fn until_state(&self, id: JobId, state: JobState) {
        let reached = async || self.state(id).await == state;
        self.until(&format!("{state:?}"), reached).await;
    }

    async fn stop(&self) {
        self.tasks.stop(PATIENCE).await;
    }
}

fn new<F: Flavour>(number: i64) -> NewJob {
    NewJob::of::<Scripted<F>>(&number).expect("a job")
}

fn rand_u128() -> u128 {
    u128::from_le_bytes(Entropy::from_system().bytes())
}
