//! Jobs in numbers: counted, over time, by kind, and by the clock.

use api::{console as wire, filter};
use entities::JobId;

use super::{Engine, error::EngineError, job_acts::milliseconds};
use crate::{
    features::accounts::JOB_OWNERS,
    platform::{
        jobs::JobFilter,
        paging::{Counted, Listing},
    },
};

impl Engine {
    /// How many of the jobs that match stand in each state, or are of each kind.
    pub(super) async fn tally_jobs(
        &self,
        query: &wire::JobCountsQuery,
    ) -> Result<wire::Tallies, EngineError> {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let filter = query.filter.as_deref().unwrap_or_default();
        if filter.trim().is_empty()
            && let Some(counts) = self.tally_all(&query.by).await?
        {
            return Ok(wire::Tallies {
                items: counts,
                as_of: now,
            });
        }
        let values = match query.by.as_str() {
            "state" => {
                let states = wire::JobState::ALL.iter();
                states.map(|state| state.word().to_owned()).collect()
            }
            "kind" => parts.jobs.all_kinds().await?,
            _ => {
                let message = "Must be state or kind".to_owned();
                return Err(EngineError::InvalidQuery("by", message));
            }
        };
        let all = Listing::matching(&filter::JOBS, Some(filter), now)?;
        if let Some(counts) = parts.jobs.tallied(&all, JOB_OWNERS, &query.by).await? {
            let tally = |value: String| wire::Tally {
                count: counts.get(&value).copied().unwrap_or(0),
                value,
                exact: true,
            };
            let items = values.into_iter().map(tally).collect();
            return Ok(wire::Tallies { items, as_of: now });
        }
        let mut items = Vec::with_capacity(values.len());
        let there = parts.jobs.kinds_with_rows().await?;
        for value in values {
            if query.by == "kind" && !there.contains(&value) {
                items.push(wire::Tally {
                    value,
                    count: 0,
                    exact: true,
                });
                continue;
            }
            let narrowed = format!("{filter} {}:{value}", query.by);
            let listing = Listing::matching(&filter::JOBS, Some(&narrowed), now)?;
            let counted = parts.jobs.counted(&listing, JOB_OWNERS).await?;
            items.push(wire::Tally {
                value,
                count: i64::try_from(counted.count).unwrap_or(i64::MAX),
                exact: counted.exact,
            });
        }
        Ok(wire::Tallies { items, as_of: now })
    }

    /// As [`Engine::tally_jobs`] of all jobs, along the indexes; `None` for what cannot be counted
    /// so.
    async fn tally_all(&self, by: &str) -> Result<Option<Vec<wire::Tally>>, EngineError> {
        let jobs = &self.0.parts.jobs;
        let tally = |value: String, counted: Counted| wire::Tally {
            value,
            count: i64::try_from(counted.count).unwrap_or(i64::MAX),
            exact: counted.exact,
        };
        Ok(match by {
            "state" => {
                let counts = jobs.counts_by_shown_state(None).await?.into_iter();
                Some(
                    counts
                        .map(|(state, count)| tally(state.as_str().to_owned(), count))
                        .collect(),
                )
            }
            "kind" => {
                let counts = jobs
                    .counts_by_kind(&JobFilter::default())
                    .await?
                    .into_iter();
                Some(counts.map(|(kind, count)| tally(kind, count)).collect())
            }
            _ => None,
        })
    }

    /// The schedules with their last and next ticks.
    pub(super) async fn job_schedules(&self) -> Result<wire::JobSchedules, EngineError> {
        let jobs = &self.0.parts.jobs;
        let schedules = jobs.schedules().await?;
        let last: Vec<JobId> = schedules.iter().filter_map(|view| view.last_job).collect();
        let numbers = jobs.numbers(&last).await?;
        let items = schedules.into_iter().map(|view| wire::JobSchedule {
            name: view.name.to_owned(),
            expression: view.expression.to_owned(),
            kind: view.kind.to_owned(),
            next_at: view.next_at,
            last_at: view.last_at,
            last_job_id: view.last_job.and_then(|job| numbers.get(&job).copied()),
        });
        Ok(wire::JobSchedules {
            items: items.collect(),
        })
    }

    pub(super) async fn jobs_series(&self, step_s: i64) -> Result<wire::JobsSeries, EngineError> {
        const POINTS: u32 = 60;
        let step = std::time::Duration::from_secs(u64::try_from(step_s).unwrap_or(60));
        let series = self.0.parts.jobs.series(step, POINTS).await?;
        let count = |counted: Counted| i64::try_from(counted.count).unwrap_or(i64::MAX);
        let points = series.into_iter().map(|point| wire::JobsPoint {
            at: point.from,
            created: count(point.added),
            succeeded: count(point.succeeded),
            failed: count(point.failed),
        });
        Ok(wire::JobsSeries {
            step_s,
            points: points.collect(),
        })
    }

    pub(super) async fn job_statistics(&self) -> Result<wire::JobStatistics, EngineError> {
        let statistics = self.0.parts.jobs.statistics().await?;
        let count = |counted: Counted| i64::try_from(counted.count).unwrap_or(i64::MAX);
        let items = statistics.into_iter().map(|kind| wire::JobKindStatistics {
            queued: count(kind.queued),
            running: count(kind.running),
            wait_p50_ms: kind.wait.map(|wait| milliseconds(wait.p50)),
            wait_p95_ms: kind.wait.map(|wait| milliseconds(wait.p95)),
            run_p50_ms: kind.run.map(|run| milliseconds(run.p50)),
            run_p95_ms: kind.run.map(|run| milliseconds(run.p95)),
            failed_24h: count(kind.failed),
            registered: kind.registered,
            retrying: count(kind.retrying),
            awaiting_budget: count(kind.awaiting_budget),
            awaiting_input: count(kind.awaiting_input),
            succeeded_24h: count(kind.succeeded),
            dead_letters: count(kind.dead_letters),
            kind: kind.kind,
        });
        Ok(wire::JobStatistics {
            items: items.collect(),
        })
    }
}
