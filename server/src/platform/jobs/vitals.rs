//! What a console shows of the queue at a glance, and what it follows.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    JobId, JobState,
    jobs::{job, job_event},
};

use super::{
    Jobs,
    queries::{lists, numbers, reads, vitals},
    settings::delta,
};
use crate::platform::db::DbError;

/// Dead letters of a week that are looked at.
const FAILED: u64 = 10_000;
const DAYS: usize = 7;
/// Jobs named in one alarm.
const NAMED: u64 = 20;
/// Lines read at one look.
const LINES: u64 = 2_000;

/// The queue in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JobVitals {
    /// Ready, and not after an error with a time ahead.
    pub(crate) queued: i64,
    pub(crate) running: i64,
    /// Jobs that one process runs at the most.
    pub(crate) slots: i64,
    pub(crate) retrying: i64,
    pub(crate) next_retry_at: Option<DateTime<Utc>>,
    pub(crate) awaiting_budget: i64,
    pub(crate) awaiting_input: i64,
    pub(crate) failed_24h: i64,
    /// Of the seven days before this one.
    pub(crate) failed_median_7d: f64,
    pub(crate) oldest_queued: Option<DateTime<Utc>>,
}

impl Jobs {
    /// The queue in numbers.
    pub(crate) async fn vitals(&self) -> Result<JobVitals, DbError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        let counts = self.counts_by_state().await?;
        let count = |state| {
            let found = counts.get(&state).copied().unwrap_or(0);
            i64::try_from(found).unwrap_or(i64::MAX)
        };
        let (retrying, next_retry_at) = vitals::retrying(read, now).await?;
        let since = now - TimeDelta::days(8);
        let failed = vitals::failed_since(read, since, FAILED).await?;
        let (failed_24h, failed_median_7d) = by_day(&failed, now);
        Ok(JobVitals {
            queued: (count(JobState::Queued) - retrying).max(0),
            running: count(JobState::Running),
            slots: i64::try_from(self.0.settings.concurrency).unwrap_or(i64::MAX),
            retrying,
            next_retry_at,
            awaiting_budget: count(JobState::AwaitingBudget),
            awaiting_input: count(JobState::AwaitingInput),
            failed_24h,
            failed_median_7d,
            oldest_queued: reads::oldest_ready(read, now).await?,
        })
    }

    /// The job that has waited longest in a state.
    pub(crate) async fn oldest_in(&self, state: JobState) -> Result<Option<job::Model>, DbError> {
        Ok(vitals::oldest_in(self.0.db.read(), state).await?)
    }

    /// Running jobs whose worker has missed two heartbeats.
    pub(crate) async fn unattended(&self) -> Result<Vec<job::Model>, DbError> {
        let settings = &self.0.settings;
        let silence = delta(settings.heartbeat * 2);
        let before = self.0.clock.now() + delta(settings.lease) - silence;
        Ok(vitals::leased_until_before(self.0.db.read(), before, NAMED).await?)
    }

    /// Jobs, in no order.
    pub(crate) async fn by_ids(&self, ids: &[JobId]) -> Result<Vec<job::Model>, DbError> {
        Ok(lists::by_ids(self.0.db.read(), ids).await?)
    }

    /// The numbers by which people name these jobs.
    pub(crate) async fn numbers(&self, ids: &[JobId]) -> Result<HashMap<JobId, i64>, DbError> {
        Ok(numbers::numbers(self.0.db.read(), ids).await?)
    }

    /// The jobs of these numbers; those that there are not are left out.
    pub(crate) async fn of_numbers(&self, numbers: &[i64]) -> Result<Vec<JobId>, DbError> {
        Ok(numbers::of_numbers(self.0.db.read(), numbers).await?)
    }

    /// The newest line of all logs.
    pub(crate) async fn newest_line(&self) -> Result<i64, DbError> {
        Ok(vitals::newest_line(self.0.db.read()).await?)
    }

    /// The jobs that have changed since a line was written, and the newest line.
    pub(crate) async fn changed_after(&self, line: i64) -> Result<(i64, Vec<JobId>), DbError> {
        let lines = vitals::lines_after(self.0.db.read(), line, LINES).await?;
        let newest = lines.last().map_or(line, |(id, _)| *id);
        let changed: BTreeSet<JobId> = lines.into_iter().map(|(_, job)| job).collect();
        Ok((newest, changed.into_iter().collect()))
    }

    /// The newest lines of all logs, the newest first.
    pub(crate) async fn newest_lines(&self, limit: u64) -> Result<Vec<job_event::Model>, DbError> {
        Ok(vitals::newest_lines(self.0.db.read(), limit).await?)
    }

    /// How long one attempt of a kind may take; `None` for a kind that is not registered.
    pub(crate) fn timeout_of(&self, kind: &str) -> Option<std::time::Duration> {
        let handler = self.0.registry.get(kind)?;
        Some(handler.policy().timeout)
    }
}

/// Failures of the last 24 hours, and the median of the seven times 24 hours before.
fn by_day(failed: &[DateTime<Utc>], now: DateTime<Utc>) -> (i64, f64) {
    let mut days = [0_i64; DAYS + 1];
    for at in failed {
        let age = usize::try_from((now - *at).num_days().max(0)).unwrap_or(usize::MAX);
        if let Some(day) = days.get_mut(age) {
            *day += 1;
        }
    }
    let mut before: Vec<i64> = days[1..].to_vec();
    before.sort_unstable();
    let median = before[DAYS / 2];
    (days[0], i32::try_from(median).map_or(f64::MAX, f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_stands_apart_from_the_week_before_it() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ago = |hours: i64| now - TimeDelta::hours(hours);
        let mut failed = vec![ago(1), ago(23)];
        for day in 1..=4 {
            failed.extend([ago(24 * day + 2), ago(24 * day + 3), ago(24 * day + 4)]);
        }
        assert_eq!(by_day(&failed, now), (2, 3.0));
        assert_eq!(by_day(&[], now), (0, 0.0));
    }
}
