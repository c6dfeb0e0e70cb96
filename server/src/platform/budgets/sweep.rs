//! Holds whose owner died: ended by lease.

use std::collections::HashSet;

use entities::{HoldId, JobId};

use super::{Budgets, Resolution, queries::holds};
use crate::platform::db::DbError;

/// How many holds are looked at in one go.
const PAGE: u64 = 200;

/// Answers which jobs are still to be worked on: their holds do not expire. The owner of the job
/// table implements it.
#[async_trait::async_trait]
pub(crate) trait JobLiveness: Send + Sync {
    /// Those of `jobs` that are not finished.
    async fn unfinished(&self, jobs: &[JobId]) -> Result<HashSet<JobId>, DbError>;
}

/// What a sweep ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Given back: nothing had been sent.
    pub(crate) voided: u64,
    /// Charged by estimate.
    pub(crate) posted: u64,
}

impl Budgets {
    /// Ends every hold whose lease ran out, except those of unfinished jobs.
    pub(crate) async fn sweep_once(&self, jobs: &dyn JobLiveness) -> Result<Swept, DbError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        let mut after = HoldId(0);
        loop {
            let page = holds::lapsed(self.db.read(), now, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(swept);
            };
            after = last.id;
            let owners: Vec<JobId> = page.iter().filter_map(|hold| hold.job_id).collect();
            let alive = if owners.is_empty() {
                HashSet::new()
            } else {
                jobs.unfinished(&owners).await?
            };
            for hold in &page {
                if hold.job_id.is_some_and(|job| alive.contains(&job)) {
                    continue;
                }
                let input = (self.clone(), hold.id, now);
                let ended = self
                    .db
                    .write_alone(self.key(hold.user_id), input, |txn, (budgets, id, now)| {
                        Box::pin(budgets.expire_in(txn, *id, *now))
                    })
                    .await?;
                let Some((resolution, receipt)) = ended else {
                    continue;
                };
                tracing::warn!(hold_id = %hold.id, ?resolution, "a hold expired");
                self.observer.resolved(resolution);
                match receipt {
                    None => swept.voided += 1,
                    Some(receipt) => {
                        debug_assert_eq!(resolution, Resolution::ExpiredPosted);
                        self.observe(&receipt);
                        swept.posted += 1;
                    }
                }
            }
        }
    }
}
