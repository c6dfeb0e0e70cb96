//! Holds whose owner died: ended by lease.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entities::{HoldId, JobId, money::hold};

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

impl Swept {
    fn add(&mut self, ended: Option<Resolution>) {
        match ended {
            Some(Resolution::ExpiredVoid) => self.voided += 1,
            Some(Resolution::ExpiredPosted) => self.posted += 1,
            _ => {}
        }
    }
}

impl Budgets {
    /// Ends every hold whose lease ran out, except those of unfinished jobs. One that cannot be ended
    /// does not keep the others: the first failure is told at the end.
    pub(crate) async fn sweep_once(&self, jobs: &dyn JobLiveness) -> Result<Swept, DbError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        let mut failed = None;
        let mut after = HoldId(0);
        loop {
            let page = holds::lapsed(self.db.read(), now, after, PAGE).await?;
            let Some(last) = page.last() else {
                return failed.map_or(Ok(swept), Err);
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
                match self.expire(hold, now).await {
                    Ok(ended) => swept.add(ended),
                    // Whoever comes after it would fail the same way.
                    Err(error @ DbError::Unavailable(_)) => return Err(error),
                    Err(error) => {
                        tracing::error!(
                            event = "hold_not_expired",
                            hold_id = %hold.id,
                            %error,
                            source = ?std::error::Error::source(&error),
                        );
                        failed.get_or_insert(error);
                    }
                }
            }
        }
    }

    async fn expire(
        &self,
        hold: &hold::Model,
        now: DateTime<Utc>,
    ) -> Result<Option<Resolution>, DbError> {
        let input = (self.clone(), hold.id, now);
        let ended = self
            .db
            .write_alone(self.key(hold.user_id), input, |txn, (budgets, id, now)| {
                Box::pin(budgets.expire_in(txn, *id, *now))
            })
            .await?;
        let Some((resolution, receipt)) = ended else {
            return Ok(None);
        };
        tracing::warn!(hold_id = %hold.id, ?resolution, "a hold expired");
        self.observer.resolved(resolution);
        if let Some(receipt) = receipt {
            self.observe(&receipt);
        }
        Ok(Some(resolution))
    }
}
