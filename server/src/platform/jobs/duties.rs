//! What one process does for all: jobs that have waited for money for long, processes that fell silent.

use std::time::Duration;

use super::{Jobs, Leader, Process, settings::delta};
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
        let input = (self.clone(), before);
        engine
            .db
            .write(WriteKey::Free, input, |txn, (jobs, before)| {
                Box::pin(jobs.resume_awaiting_since_in(txn, *before))
            })
            .await
    }
}
