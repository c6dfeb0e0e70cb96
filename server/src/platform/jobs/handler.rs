//! What a kind of job declares, and what running it may come to.

use std::time::Duration;

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};

use super::{context::JobContext, queries::DbErr, replay::ReplayConsent};
use crate::platform::db::{DbError, Txn, WriteKey};

/// A kind of job: registered once at start, run by any worker process.
///
/// A job may run more than once (a lost lease, a retry): what it does outside its effect must be
/// repeatable, and it continues from its checkpoint where it can.
#[async_trait]
pub(crate) trait JobHandler: Send + Sync + 'static {
    /// The kind's name in the database, on the wire and in metrics.
    const KIND: &'static str;
    /// Ids and plain settings; never content.
    type Parameters: Serialize + DeserializeOwned + Send + Sync;

    /// How jobs of this kind are run.
    fn policy() -> Policy;

    /// The names of the stages, in order.
    fn stages() -> &'static [&'static str];

    /// The row that the end of a job contends for: what it settles or releases.
    fn write_key(&self, user_id: Option<UserId>) -> WriteKey {
        user_id.map_or(WriteKey::Free, WriteKey::User)
    }

    /// Does the work. Returns early when [`JobContext::cancelled`] says so.
    async fn run(
        &self,
        context: &JobContext,
        parameters: Self::Parameters,
    ) -> Result<Outcome, JobError>;

    /// Makes the subject ready for `new`, which is about to be added as the replay of a job of this
    /// kind, and reserves its money if jobs of this kind have a hold before they run. It writes
    /// nothing when it refuses.
    async fn replay_in(&self, _txn: &Txn, _new: &job::Model) -> Result<ReplayConsent, DbErr> {
        Ok(ReplayConsent::Granted { hold_id: None })
    }

    /// Whether this is an input that a job of this kind can be given while it waits for one; if not,
    /// what is allowed, for people. Checked before it is stored.
    fn check_input(&self, _input: &serde_json::Value) -> Result<(), String> {
        Err(format!("Jobs of kind `{}` take no input.", Self::KIND))
    }

    /// Returns the subject to a truthful state, in the transaction that ends the job as `failed` or
    /// `cancelled`. It may run again after a rollback: no effect but on the transaction. `job` is
    /// the row as it will be, with its error class and message.
    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr>;
}

/// How jobs of a kind are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The longest that one run may take.
    pub(crate) timeout: Duration,
    /// Errors after which the job is dead.
    pub(crate) max_attempts: i32,
    /// Lost leases after which the job is taken for one that kills its worker.
    pub(crate) max_rescues: i32,
    /// Smaller runs first.
    pub(crate) priority: i32,
    /// Runs at the same time in one process.
    pub(crate) concurrency: usize,
    /// How long to wait after an error.
    pub(crate) backoff: Backoff,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_mins(10),
            max_attempts: 5,
            max_rescues: 3,
            priority: 100,
            concurrency: 2,
            backoff: Backoff::default(),
        }
    }
}

/// The wait before the next attempt: doubles with each error up to a cap, and is scattered so that
/// jobs that failed together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// After the first error.
    pub(crate) first: Duration,
    /// At the longest.
    pub(crate) cap: Duration,
    /// Error classes that wait differently after the first error: a quota needs longer than a
    /// dropped connection.
    pub(crate) by_class: &'static [(&'static str, Duration)],
}

/// Providers that count calls count them by the minute.
const PROVIDER_CLASSES: &[(&str, Duration)] = &[
    ("rate", Duration::from_secs(20)),
    ("quota", Duration::from_mins(1)),
];

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            cap: Duration::from_mins(15),
            by_class: PROVIDER_CLASSES,
        }
    }
}

impl Backoff {
    /// The wait after `errors` errors (1 for the first): between half and the whole of the doubled
    /// step, as `jitter` in `[0, 1)` says.
    pub(crate) fn delay(&self, class: &str, errors: i32, jitter: f64) -> Duration {
        let first = self
            .by_class
            .iter()
            .find(|(name, _)| *name == class)
            .map_or(self.first, |(_, first)| *first);
        let doublings = u32::try_from(errors.saturating_sub(1)).unwrap_or(0);
        let step = first
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(self.cap);
        step.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// How a run ended well.
pub(crate) enum Outcome {
    /// Done; the effect commits together with the job's end, or not at all.
    Done(Effect),
    /// The owner has no money left; the job continues when the budget is raised or the month turns.
    AwaitBudget,
    /// A person has to say something first; the job continues with [`JobContext::input`].
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kinds of later features ask for it")
    )]
    AwaitInput {
        /// What is asked, for people.
        prompt: String,
    },
}

impl Outcome {
    /// Done, with nothing left to write.
    pub(crate) fn done() -> Self {
        Self::Done(Effect(None))
    }

    /// Done; `work` runs on `input` in the transaction that ends the job, and is rolled back with
    /// it when the lease was lost. As in [`crate::platform::db::Db::write`] it may run more than
    /// once and must have no effect but on the transaction.
    pub(crate) fn done_with<I, W>(input: I, work: W) -> Self
    where
        I: Send + Sync + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
    {
        Self::Done(Effect(Some(Box::new(TypedEffect { input, work }))))
    }
}

/// What a job writes at its end.
pub(crate) struct Effect(Option<Box<dyn EffectWork>>);

impl Effect {
    pub(super) async fn apply(&self, txn: &Txn) -> Result<(), DbErr> {
        match &self.0 {
            Some(work) => work.apply(txn).await,
            None => Ok(()),
        }
    }
}

trait EffectWork: Send + Sync {
    fn apply<'a>(&'a self, txn: &'a Txn) -> BoxFuture<'a, Result<(), DbErr>>;
}

struct TypedEffect<I, W> {
    input: I,
    work: W,
}

impl<I, W> EffectWork for TypedEffect<I, W>
where
    I: Send + Sync,
    W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync,
{
    fn apply<'a>(&'a self, txn: &'a Txn) -> BoxFuture<'a, Result<(), DbErr>> {
        (self.work)(txn, &self.input)
    }
}

/// How a run ended badly. Classes are a small closed set of words for metrics and back-off;
/// messages are for people and never hold content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JobError {
    /// May succeed later.
    #[error("{message}")]
    Retry {
        class: &'static str,
        message: String,
    },
    /// Will never succeed.
    #[error("{message}")]
    Fail {
        class: &'static str,
        message: String,
    },
    /// Stopped early because [`JobContext::cancelled`] said so, or because there is nothing left
    /// to do for it.
    #[error("the job was stopped")]
    Cancelled,
}

impl JobError {
    /// May succeed later.
    pub(crate) fn retry(class: &'static str, message: impl Into<String>) -> Self {
        Self::Retry {
            class,
            message: message.into(),
        }
    }

    /// Will never succeed.
    pub(crate) fn fail(class: &'static str, message: impl Into<String>) -> Self {
        Self::Fail {
            class,
            message: message.into(),
        }
    }
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        tracing::warn!(error = %error, source = ?std::error::Error::source(&error), "a job could not use the database");
        Self::retry(class::DATABASE, error.to_string())
    }
}

/// Error classes that the engine itself gives.
pub(crate) mod class {
    /// The database refused or did not answer.
    pub(crate) const DATABASE: &str = "database";
    /// The run took longer than its kind allows.
    pub(crate) const TIMEOUT: &str = "timeout";
    /// The handler panicked.
    pub(crate) const PANIC: &str = "panic";
    /// No handler of this kind is registered.
    pub(crate) const UNKNOWN_KIND: &str = "unknown_kind";
    /// The parameters are not what the kind takes.
    pub(crate) const UNDECODABLE: &str = "undecodable";
    /// Its worker died with it too often.
    pub(crate) const POISON_PILL: &str = "poison_pill";
    /// Stopped by its owner or an admin.
    pub(crate) const CANCELLED: &str = "cancelled";
}
