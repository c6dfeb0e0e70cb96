//! The rest of an act on all of a user's jobs: its own transaction moves some, and a job the others,
//! so that nobody waits for a user with many.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::{UserId, jobs::job};
use serde::{Deserialize, Serialize};

use super::{
    JobContext, JobError, JobHandler, Jobs, NewJob, Outcome, Policy,
    queries::{
        DbErr,
        moves::{self, Waiting},
        owners,
    },
};
use crate::platform::db::{Txn, WriteKey};

/// Jobs that one transaction moves: each with a line in its log, and what it holds.
pub(super) const AT_ONCE: u64 = 50;

/// The kind `move_jobs_of_user`.
pub(crate) struct MoveJobsOfUser(pub(crate) Jobs);

/// What is done to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Move {
    /// Those that are not over are stopped.
    Cancel,
    /// Those that wait for money go on.
    Resume,
}

/// Whose jobs, and which: those that an act found.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct MoveParameters {
    user_id: UserId,
    what: Move,
    /// Not what came after the act.
    before: DateTime<Utc>,
}

#[async_trait]
impl JobHandler for MoveJobsOfUser {
    const KIND: &'static str = "move_jobs_of_user";
    type Parameters = MoveParameters;

    fn policy() -> Policy {
        Policy {
            priority: 10,
            max_attempts: 20,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["move"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: MoveParameters,
    ) -> Result<Outcome, JobError> {
        context.progress(0.0, "move").await?;
        loop {
            context.check()?;
            let key = WriteKey::User(parameters.user_id);
            let input = (self.0.clone(), parameters);
            let moved = context
                .write_held(key, input, |txn, (jobs, parameters)| {
                    Box::pin(jobs.move_some_in(txn, parameters))
                })
                .await?;
            if moved == 0 {
                return Ok(Outcome::done());
            }
        }
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        // The dead letter tells an admin.
        Ok(())
    }
}

impl Jobs {
    /// Moves a user's jobs: some now, the others by a job. Answers how many in all.
    pub(super) async fn move_all_of_in(
        &self,
        txn: &Txn,
        user_id: UserId,
        what: Move,
    ) -> Result<u64, DbErr> {
        let parameters = MoveParameters {
            user_id,
            what,
            before: self.0.clock.now(),
        };
        let moved = self.move_some_in(txn, &parameters).await?;
        let left = match what {
            Move::Cancel => owners::count_to_cancel(txn, user_id, parameters.before).await?,
            Move::Resume => {
                let waiting = Waiting::of(user_id, parameters.before);
                moves::count_awaiting_budget(txn, waiting).await?
            }
        };
        if left > 0 {
            let job = NewJob::of::<MoveJobsOfUser>(&parameters)
                .map_err(|error| DbErr::Custom(error.to_string()))?;
            self.enqueue_in(txn, &job).await?;
        }
        Ok(moved + left)
    }

    async fn move_some_in(&self, txn: &Txn, which: &MoveParameters) -> Result<u64, DbErr> {
        let mut moved = 0;
        match which.what {
            Move::Cancel => {
                let open = owners::to_cancel(txn, which.user_id, which.before, AT_ONCE).await?;
                for id in open {
                    self.cancel_in(txn, id).await?;
                    moved += 1;
                }
            }
            Move::Resume => {
                let waiting = Waiting::of(which.user_id, which.before);
                for id in moves::awaiting_budget(txn, waiting, AT_ONCE).await? {
                    moved += u64::from(self.requeue_in(txn, id).await?);
                }
            }
        }
        Ok(moved)
    }
}
