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

/// Some holds whose lease ran out and that no unfinished job keeps.
struct Abandoned {
    holds: Vec<hold::Model>,
    /// The last hold that was looked at.
    last: HoldId,
}

impl Budgets {
    /// When the hold that has been left to itself the longest was placed or last renewed; `None` while
    /// every hold is in somebody's hands. What a sweep would end, were it to come now.
    pub(crate) async fn oldest_abandoned(
        &self,
        jobs: &dyn JobLiveness,
    ) -> Result<Option<DateTime<Utc>>, DbError> {
        let now = self.clock.now();
        let (mut after, mut oldest) = (HoldId(0), None);
        while let Some(page) = self.abandoned(jobs, now, after).await? {
            after = page.last;
            let ends = page.holds.iter().map(|hold| hold.lease_until);
            oldest = ends.chain(oldest).min();
        }
        Ok(oldest.map(|end| {
            end.checked_sub_signed(self.settings.lease)
                .unwrap_or(DateTime::UNIX_EPOCH)
        }))
    }

    /// The next page of them; `None` after the last.
    async fn abandoned(
        &self,
        jobs: &dyn JobLiveness,
        now: DateTime<Utc>,
        after: HoldId,
    ) -> Result<Option<Abandoned>, DbError> {
        let mut holds = holds::lapsed(self.db.read(), now, after, PAGE).await?;
        let Some(last) = holds.last().map(|hold| hold.id) else {
            return Ok(None);
        };
        let owners: Vec<JobId> = holds.iter().filter_map(|hold| hold.job_id).collect();
        if !owners.is_empty() {
            let alive = jobs.unfinished(&owners).await?;
            holds.retain(|hold| hold.job_id.is_none_or(|job| !alive.contains(&job)));
        }
        Ok(Some(Abandoned { holds, last }))
    }

    /// Ends every hold whose lease ran out, except those of unfinished jobs. One that cannot be ended
    /// does not keep the others: the first failure is told at the end.
    pub(crate) async fn sweep_once(&self, jobs: &dyn JobLiveness) -> Result<Swept, DbError> {
        let now = self.clock.now();
        let mut swept = Swept::default();
        let mut failed = None;
        let mut after = HoldId(0);
        while let Some(page) = self.abandoned(jobs, now, after).await? {
            after = page.last;
            for hold in &page.holds {
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
        failed.map_or(Ok(swept), Err)
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
