//! What one process does for all: jobs that have waited for money for long, processes that fell silent.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Jobs, Leader, Process, queries::leases, settings::delta};
use crate::platform::{
    db::{DbError, WriteKey},
    tasks::Tasks,
};

const EVERY: Duration = Duration::from_mins(1);

impl Jobs {
    /// Begins to take part in the queue's upkeep. Call it once in every process.
    pub(crate) fn start_upkeep(&self, leader: Leader, tasks: &Tasks) {
        let stopping = tasks.stopping().clone();
        let jobs = self.clone();
        tasks.spawn("job-upkeep", async move {
            let upkeep = || jobs.upkeep();
            leader.run("jobs.upkeep", EVERY, &stopping, upkeep).await;
        });
    }

    /// Has a duty begin at an instant, unless it has ever been done.
    pub(crate) async fn first_duty_at(
        &self,
        name: &'static str,
        first: DateTime<Utc>,
    ) -> Result<(), DbError> {
        self.0
            .db
            .write(WriteKey::Free, (name, first), |txn, (name, first)| {
                Box::pin(leases::defer(txn, name, *first))
            })
            .await
    }

    /// When a duty that one process does for all is due again; `None` before its first time.
    pub(crate) async fn duty_due_at(&self, name: &str) -> Result<Option<DateTime<Utc>>, DbError> {
        Ok(leases::until(self.0.db.read(), name).await?)
    }

    pub(super) async fn upkeep(&self) -> Result<(), DbError> {
        let engine = &self.0;
        Process::stop_silent(&engine.db, &*engine.clock).await?;
        self.resume_awaiting().await?;
        Ok(())
    }

    /// Lets jobs go on that have waited for money for so long that a raise may have been missed.
    async fn resume_awaiting(&self) -> Result<u64, DbError> {
        let engine = &self.0;
        let before = engine.clock.now() - delta(engine.settings.budget_retry);
        let mut resumed = 0;
        loop {
            let input = (self.clone(), before);
            let some = engine
                .db
                .write_alone(WriteKey::Free, input, |txn, (jobs, before)| {
                    Box::pin(jobs.resume_awaiting_since_in(txn, *before))
                })
                .await?;
            if some == 0 {
                return Ok(resumed);
            }
            resumed += some;
        }
    }
}
