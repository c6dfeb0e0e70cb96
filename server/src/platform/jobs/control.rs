//! What owners and admins may do to a job, each in the caller's transaction.

use chrono::{DateTime, Utc};
use entities::{JobId, UserId, jobs::job};

use super::{
    Jobs, Subject, class, is_ended,
    queries::{
        DbErr,
        moves::{self, Guard, Waiting, Write},
        reads,
    },
    rest::{AT_ONCE, Move},
    state::Transition,
};
use crate::platform::db::Txn;

/// What came of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancelling {
    /// The job waited and is over now.
    Cancelled,
    /// The job runs; its handler will be told within a second.
    Requested,
    /// The job was over already.
    AlreadyOver,
    /// There is no such job.
    Unknown,
}

/// How often a job may change between waiting and running while it is being cancelled.
const STATE_RACES: usize = 8;

impl Jobs {
    /// Stops a job: at once when it waits, through its handler when it runs.
    pub(crate) async fn cancel_in(&self, txn: &Txn, id: JobId) -> Result<Cancelling, DbErr> {
        self.cancel_by_in(txn, id, None).await
    }

    /// As [`Jobs::cancel_in`]; the job's log names `actor`.
    pub(super) async fn cancel_by_in(
        &self,
        txn: &Txn,
        id: JobId,
        actor: Option<UserId>,
    ) -> Result<Cancelling, DbErr> {
        let now = self.0.clock.now();
        let write = Write {
            error: Some((class::CANCELLED, "the job was cancelled".to_owned())),
            actor,
            ..Write::default()
        };
        for _ in 0..STATE_RACES {
            let waiting = Guard::Waiting(id);
            if let Some(job) = moves::apply(txn, waiting, Transition::Cancel, &write, now).await? {
                self.gave_up_in(txn, &job).await?;
                return Ok(Cancelling::Cancelled);
            }
            if moves::request_cancel(txn, id, actor, now).await?.is_some() {
                return Ok(Cancelling::Requested);
            }
            match reads::find(txn, id).await? {
                None => return Ok(Cancelling::Unknown),
                Some(job) if is_ended(job.state) => return Ok(Cancelling::AlreadyOver),
                Some(_) => {}
            }
        }
        Err(DbErr::Custom(format!(
            "job {id} changed its state {STATE_RACES} times while it was being cancelled"
        )))
    }

    /// Stops every job about a subject that is not over, of one kind or of all; answers how many.
    pub(crate) async fn cancel_for_subject_in(
        &self,
        txn: &Txn,
        subject: Subject,
        kind: Option<&str>,
    ) -> Result<u64, DbErr> {
        let mut stopped = 0;
        for id in moves::open_for_subject(txn, subject, kind).await? {
            let outcome = self.cancel_in(txn, id).await?;
            stopped += u64::from(matches!(
                outcome,
                Cancelling::Cancelled | Cancelling::Requested
            ));
        }
        Ok(stopped)
    }

    /// Lets a user's jobs that wait for money go on, with many by a job of its own: call it where a
    /// budget is raised. Answers how many.
    pub(crate) async fn resume_awaiting_budget_in(
        &self,
        txn: &Txn,
        user_id: UserId,
    ) -> Result<u64, DbErr> {
        self.move_all_of_in(txn, user_id, Move::Resume).await
    }

    /// Lets some of the jobs go on that have waited for money since before an instant, whoever owns
    /// them. 0: none waits.
    pub(super) async fn resume_awaiting_since_in(
        &self,
        txn: &Txn,
        before: DateTime<Utc>,
    ) -> Result<u64, DbErr> {
        let mut resumed = 0;
        for id in moves::awaiting_budget(txn, Waiting::of_all(before), AT_ONCE).await? {
            resumed += u64::from(self.requeue_in(txn, id).await?);
        }
        Ok(resumed)
    }

    /// Lets a job run now that waits for a later time or for money. False: it does not wait so.
    pub(crate) async fn requeue_in(&self, txn: &Txn, id: JobId) -> Result<bool, DbErr> {
        self.requeue_by_in(txn, id, None).await
    }

    /// As [`Jobs::requeue_in`]; the job's log names `actor`.
    pub(super) async fn requeue_by_in(
        &self,
        txn: &Txn,
        id: JobId,
        actor: Option<UserId>,
    ) -> Result<bool, DbErr> {
        let now = self.0.clock.now();
        let write = Write {
            run_at: Some(now),
            actor,
            ..Write::default()
        };
        for transition in [Transition::Resume, Transition::Reschedule] {
            let guard = Guard::Waiting(id);
            if moves::apply(txn, guard, transition, &write, now)
                .await?
                .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells the subject of a job that has just ended as failed or cancelled. A kind that is not
    /// registered has nobody to tell.
    pub(super) async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        match self.0.registry.get(&job.kind) {
            Some(handler) => handler.gave_up_in(txn, job).await,
            None => Ok(()),
        }
    }
}
