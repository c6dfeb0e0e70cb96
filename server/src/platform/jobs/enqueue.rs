//! Adding jobs.

use chrono::{DateTime, Utc};
use entities::{HoldId, JobId, JobState, UserId, jobs::job};

use super::{
    JobHandler, Jobs, Subject,
    queries::{DbErr, enqueue},
};
use crate::platform::{db::Txn, telemetry::traces};

/// A job to be added. Made by [`NewJob::of`], then completed field by field.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    /// Given by [`NewJob::of`], as are the parameters.
    pub(crate) kind: &'static str,
    pub(crate) parameters: serde_json::Value,
    /// Errors after which the job is dead; the kind's own at first.
    pub(crate) max_attempts: i32,
    /// From [`Jobs::new_id`], when something in the same transaction must name the job before it
    /// is added; `None`: made when it is.
    pub(crate) id: Option<JobId>,
    /// Smaller runs first; the kind's own at first.
    pub(crate) priority: i32,
    /// Who pays and may look; `None` for the house's own work.
    pub(crate) user_id: Option<UserId>,
    /// What it is about.
    pub(crate) subject: Option<Subject>,
    /// Not before this time; `None`: at once.
    pub(crate) run_at: Option<DateTime<Utc>>,
    /// The same key of the same user makes one job, ever.
    pub(crate) idempotency_key: Option<String>,
    /// At most one job of the kind with this key is not over.
    pub(crate) duplicate_key: Option<String>,
    /// The trace that asked for it, in the form of W3C Trace Context; the caller's at first.
    pub(crate) traceparent: Option<String>,
    /// The money reserved for it.
    pub(crate) hold_id: Option<HoldId>,
}

impl NewJob {
    /// A job of kind `H`, to run at once, of nobody and about nothing.
    pub(crate) fn of<H: JobHandler>(parameters: &H::Parameters) -> Result<Self, serde_json::Error> {
        let policy = H::policy();
        Ok(Self {
            kind: H::KIND,
            parameters: serde_json::to_value(parameters)?,
            max_attempts: policy.max_attempts,
            id: None,
            priority: policy.priority,
            user_id: None,
            subject: None,
            run_at: None,
            idempotency_key: None,
            duplicate_key: None,
            traceparent: traces::current().map(|trace| trace.to_string()),
            hold_id: None,
        })
    }
}

/// What came of adding a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enqueued {
    /// Added.
    New(JobId),
    /// One of the keys was taken by this job.
    Existing(JobId),
}

impl Enqueued {
    /// The job, new or not.
    pub(crate) const fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Existing(id) => id,
        }
    }
}

/// How often a key may be found taken by a job that is over a moment later.
const KEY_RACES: usize = 8;

impl Jobs {
    /// The key of a job that is yet to be added.
    pub(crate) fn new_id(&self) -> JobId {
        JobId(self.0.entropy.ordered_uuid(&*self.0.clock))
    }

    /// Adds a job in the caller's transaction, so that the job exists exactly if the data does.
    /// Workers hear of it after the commit.
    pub(crate) async fn enqueue_in(&self, txn: &Txn, new: &NewJob) -> Result<Enqueued, DbErr> {
        let now = self.0.clock.now();
        let id = new.id.unwrap_or_else(|| self.new_id());
        let row = row(id, new, now);
        for _ in 0..KEY_RACES {
            if enqueue::insert(txn, &row, None, now).await? {
                return Ok(Enqueued::New(id));
            }
            if let Some(key) = &new.idempotency_key
                && let Some(id) =
                    enqueue::by_idempotency_key(txn, new.kind, new.user_id, key).await?
            {
                return Ok(Enqueued::Existing(id));
            }
            if let Some(key) = &new.duplicate_key
                && let Some(id) = enqueue::by_duplicate_key(txn, new.kind, key).await?
            {
                return Ok(Enqueued::Existing(id));
            }
        }
        Err(DbErr::Custom(format!(
            "the keys of a job of kind `{}` were taken and free again {KEY_RACES} times",
            new.kind
        )))
    }
}

fn row(id: JobId, new: &NewJob, now: DateTime<Utc>) -> job::Model {
    job::Model {
        id,
        kind: new.kind.to_owned(),
        user_id: new.user_id,
        subject_type: new.subject.map(|subject| subject.kind.to_owned()),
        subject_id: new.subject.map(|subject| subject.id),
        parameters: new.parameters.clone(),
        state: JobState::Queued,
        priority: new.priority,
        run_at: new.run_at.unwrap_or(now),
        claim: 0,
        attempts: 0,
        max_attempts: new.max_attempts,
        rescues: 0,
        lease_until: None,
        process_id: None,
        stage: None,
        progress: 0.0,
        checkpoint: None,
        input_prompt: None,
        input: None,
        hold_id: new.hold_id,
        traceparent: new.traceparent.clone(),
        idempotency_key: new.idempotency_key.clone(),
        duplicate_key: new.duplicate_key.clone(),
        replay_of: None,
        replayed_by: None,
        error_class: None,
        error_message: None,
        cancel_requested_at: None,
        created_at: now,
        started_at: None,
        leased_at: None,
        finished_at: None,
        updated_at: now,
        rev: 0,
    }
}
