//! What consoles show of many jobs: pages, bounded counts, a series, statistics of each kind.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, jobs::job, jobs::job_event};
use sea_orm::Iterable;

use super::{
    Jobs,
    filter::{JobFilter, JobPosition, JobSort, ShownState},
    queries::lists,
    settings::delta,
};
use crate::platform::{
    db::DbError,
    paging::{COUNTED, Counted},
};

/// Ended jobs of a kind that its statistics are made of.
const SAMPLE: u64 = 1_000;
/// How far back statistics look.
const STATISTICS_OF: Duration = Duration::from_hours(24);
/// Points of a series at the most.
pub(crate) const SERIES_POINTS: u32 = 120;

/// A page of a list.
#[derive(Clone, Debug)]
pub(crate) struct JobPage {
    pub(crate) items: Vec<job::Model>,
    /// Where the next page begins; none: this is the last.
    pub(crate) next: Option<JobPosition>,
}

/// What became of jobs within one step of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesPoint {
    pub(crate) from: DateTime<Utc>,
    pub(crate) added: Counted,
    pub(crate) succeeded: Counted,
    pub(crate) failed: Counted,
    pub(crate) cancelled: Counted,
}

/// A kind in numbers. Times are of the jobs that ended last, within a day.
#[derive(Clone, Debug)]
pub(crate) struct KindStatistics {
    pub(crate) kind: String,
    /// Whether this program knows the kind.
    pub(crate) registered: bool,
    pub(crate) queued: Counted,
    pub(crate) retrying: Counted,
    pub(crate) running: Counted,
    pub(crate) awaiting_input: Counted,
    pub(crate) awaiting_budget: Counted,
    /// Failed within a day.
    pub(crate) failed: Counted,
    /// Succeeded within a day.
    pub(crate) succeeded: Counted,
    /// Failed and not replayed.
    pub(crate) dead_letters: Counted,
    /// From being ready to being begun.
    pub(crate) wait: Option<Quantiles>,
    /// From being begun to being over, of the latest run.
    pub(crate) run: Option<Quantiles>,
}

/// Two quantiles of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantiles {
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
}

impl Quantiles {
    fn of(mut sample: Vec<Duration>) -> Option<Self> {
        sample.sort_unstable();
        // The nearest rank.
        let rank = |percent: usize| (sample.len() * percent).div_ceil(100).checked_sub(1);
        Some(Self {
            p50: sample[rank(50)?],
            p95: sample[rank(95)?],
        })
    }
}

impl Jobs {
    /// A page of the jobs that match, after a place in the order.
    pub(crate) async fn list(
        &self,
        filter: &JobFilter,
        sort: JobSort,
        after: Option<&JobPosition>,
        limit: u64,
    ) -> Result<JobPage, DbError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        // One more tells whether there is another page.
        let rows = lists::page(read, filter, sort, after, limit.saturating_add(1), now);
        let mut items = rows.await?;
        let more = items.len() as u64 > limit;
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = items.last().filter(|_| more);
        Ok(JobPage {
            next: last.map(|job| sort.position_of(job)),
            items,
        })
    }

    /// How many jobs match.
    pub(crate) async fn count(&self, filter: &JobFilter) -> Result<Counted, DbError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        let found = lists::count(read, filter, COUNTED + 1, now).await?;
        Ok(Counted::of(found))
    }

    /// How many jobs are shown in each state, of one kind or of all.
    pub(crate) async fn counts_by_shown_state(
        &self,
        kind: Option<&str>,
    ) -> Result<BTreeMap<ShownState, Counted>, DbError> {
        let mut counts = BTreeMap::new();
        for state in ShownState::ALL {
            let filter = JobFilter {
                states: vec![state],
                kinds: kind.map(str::to_owned).into_iter().collect(),
                ..JobFilter::default()
            };
            counts.insert(state, self.count(&filter).await?);
        }
        Ok(counts)
    }

    /// How many jobs of each kind match.
    pub(crate) async fn counts_by_kind(
        &self,
        filter: &JobFilter,
    ) -> Result<BTreeMap<String, Counted>, DbError> {
        let mut counts = BTreeMap::new();
        for kind in self.all_kinds().await? {
            if !filter.kinds.is_empty() && !filter.kinds.contains(&kind) {
                continue;
            }
            let filter = JobFilter {
                kinds: vec![kind.clone()],
                ..filter.clone()
            };
            counts.insert(kind, self.count(&filter).await?);
        }
        Ok(counts)
    }

    /// How many jobs stand in each stored state, counted to [`COUNTED`]; states without jobs are
    /// absent.
    pub(crate) async fn counts_by_state(&self) -> Result<HashMap<JobState, u64>, DbError> {
        let mut counts = HashMap::new();
        for state in JobState::iter() {
            let found = lists::count_in_state(self.0.db.read(), state, COUNTED).await?;
            if found > 0 {
                counts.insert(state, found);
            }
        }
        Ok(counts)
    }

    /// How many dead letters each kind has, by its name in metrics.
    pub(crate) async fn dead_letters(&self) -> Result<BTreeMap<&'static str, u64>, DbError> {
        let mut dead = BTreeMap::new();
        for kind in self.all_kinds().await? {
            let found = lists::count_dead(self.0.db.read(), &kind, COUNTED).await?;
            *dead.entry(self.0.registry.label(&kind)).or_default() += found;
        }
        Ok(dead)
    }

    /// What was added and what ended in each of the last `points` steps, the oldest first. Steps
    /// begin at multiples of `step`, so that two calls agree.
    pub(crate) async fn series(
        &self,
        step: Duration,
        points: u32,
    ) -> Result<Vec<SeriesPoint>, DbError> {
        let seconds = i64::try_from(step.as_secs()).unwrap_or(i64::MAX).max(1);
        let now = self.0.clock.now().timestamp();
        let current = now - now.rem_euclid(seconds);
        let mut series = Vec::new();
        for back in (0..i64::from(points.min(SERIES_POINTS))).rev() {
            let from = current.saturating_sub(back.saturating_mul(seconds));
            let (Some(from), Some(before)) = (
                DateTime::from_timestamp(from, 0),
                DateTime::from_timestamp(from.saturating_add(seconds), 0),
            ) else {
                continue;
            };
            series.push(self.series_point(from, before).await?);
        }
        Ok(series)
    }

    async fn series_point(
        &self,
        from: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<SeriesPoint, DbError> {
        let read = self.0.db.read();
        let bound = COUNTED + 1;
        let ended = |state| lists::count_finished(read, state, from, before, bound);
        Ok(SeriesPoint {
            from,
            added: Counted::of(lists::count_added(read, from, before, bound).await?),
            succeeded: Counted::of(ended(JobState::Succeeded).await?),
            failed: Counted::of(ended(JobState::Failed).await?),
            cancelled: Counted::of(ended(JobState::Cancelled).await?),
        })
    }

    /// Every kind in numbers: those that are registered, and those that have jobs all the same.
    pub(crate) async fn statistics(&self) -> Result<Vec<KindStatistics>, DbError> {
        let mut statistics = Vec::new();
        for kind in self.all_kinds().await? {
            statistics.push(self.statistics_of(kind).await?);
        }
        Ok(statistics)
    }

    async fn statistics_of(&self, kind: String) -> Result<KindStatistics, DbError> {
        let read = self.0.db.read();
        let since = self.0.clock.now() - delta(STATISTICS_OF);
        let times = lists::latest_times(read, &kind, since, SAMPLE).await?;
        let between =
            |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| (to? - from?).to_std().ok();
        let wait = times
            .iter()
            .filter_map(|(ready, begun, _)| between(Some(*ready), *begun));
        let run = times
            .iter()
            .filter_map(|(_, begun, ended)| between(*begun, *ended));
        let shown = async |state| {
            let filter = JobFilter {
                states: vec![state],
                kinds: vec![kind.clone()],
                ..JobFilter::default()
            };
            self.count(&filter).await
        };
        let ended = async |state| {
            let bound = COUNTED + 1;
            let found = lists::count_finished_of_kind(read, &kind, state, since, bound);
            found.await.map(Counted::of)
        };
        let dead = JobFilter {
            kinds: vec![kind.clone()],
            dead_letters: true,
            ..JobFilter::default()
        };
        Ok(KindStatistics {
            registered: self.0.registry.get(&kind).is_some(),
            queued: shown(ShownState::Queued).await?,
            retrying: shown(ShownState::Retrying).await?,
            running: shown(ShownState::Running).await?,
            awaiting_input: shown(ShownState::AwaitingInput).await?,
            awaiting_budget: shown(ShownState::AwaitingBudget).await?,
            failed: ended(JobState::Failed).await?,
            succeeded: ended(JobState::Succeeded).await?,
            dead_letters: self.count(&dead).await?,
            wait: Quantiles::of(wait.collect()),
            run: Quantiles::of(run.collect()),
            kind,
        })
    }

    /// The kinds that have rows.
    pub(crate) async fn kinds_with_rows(&self) -> Result<Vec<String>, DbError> {
        Ok(lists::kinds(self.0.db.read()).await?)
    }

    /// The registered kinds and those that have rows, in order of name.
    pub(crate) async fn all_kinds(&self) -> Result<Vec<String>, DbError> {
        let mut kinds = lists::kinds(self.0.db.read()).await?;
        kinds.extend(self.kinds().into_iter().map(str::to_owned));
        kinds.sort_unstable();
        kinds.dedup();
        Ok(kinds)
    }

    /// The lines of a job's log after line `after` (0: from the first), oldest first.
    pub(crate) async fn events_after(
        &self,
        id: JobId,
        after: i64,
        limit: u64,
    ) -> Result<Vec<job_event::Model>, DbError> {
        Ok(lists::events_after(self.0.db.read(), id, after, limit).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let sample = (1..=100).map(Duration::from_millis).collect();
        let quantiles = Quantiles::of(sample).expect("a sample");
        assert_eq!(quantiles.p50, Duration::from_millis(50));
        assert_eq!(quantiles.p95, Duration::from_millis(95));
        let one = Quantiles::of(vec![Duration::from_secs(3)]).expect("a sample");
        assert_eq!(
            (one.p50, one.p95),
            (Duration::from_secs(3), Duration::from_secs(3))
        );
        assert_eq!(Quantiles::of(Vec::new()), None);
    }
}
