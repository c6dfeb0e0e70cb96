//! The first of the month: everybody has new money, and what waited for it goes on.

use async_trait::async_trait;
use entities::jobs::job;

use super::{
    JobContext, JobError, JobHandler, Jobs, NewJob, Outcome, Policy, Schedule, ScheduleError,
    queries::DbErr,
};
use crate::platform::db::{Txn, WriteKey};

/// The kind `resume_awaiting_budget`.
pub(crate) struct ResumeAwaitingBudget(pub(crate) Jobs);

impl ResumeAwaitingBudget {
    /// At the first instant of each month.
    pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
        Schedule::new("jobs.month_turn", "0 0 1 * *", NewJob::of::<Self>(&())?)
    }
}

#[async_trait]
impl JobHandler for ResumeAwaitingBudget {
    const KIND: &'static str = "resume_awaiting_budget";
    type Parameters = ();

    fn policy() -> Policy {
        Policy {
            priority: 10,
            max_attempts: 20,
            concurrency: 1,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["resume"]
    }

    async fn run(&self, context: &JobContext, (): ()) -> Result<Outcome, JobError> {
        context.progress(0.0, "resume").await?;
        // Who waits again meanwhile has waited since after this.
        let before = context.now();
        loop {
            context.check()?;
            let input = (self.0.clone(), before);
            let resumed = context
                .write_held(WriteKey::Free, input, |txn, (jobs, before)| {
                    Box::pin(jobs.resume_awaiting_since_in(txn, *before))
                })
                .await?;
            if resumed == 0 {
                return Ok(Outcome::done());
            }
        }
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        // The queue's upkeep does the same for whoever has waited for long.
        Ok(())
    }
}
