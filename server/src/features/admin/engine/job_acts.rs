//! Jobs as admins find them, look into them, and act on them.

use api::{console as wire, filter};
use chrono::{DateTime, Utc};
use entities::{JobId, UserId, jobs::job};
use serde_json::json;
use uuid::Uuid;

use super::{Engine, error::EngineError, jobs};
use crate::{
    features::{
        accounts::JOB_OWNERS,
        admin::bulk::{BulkAct, Many, bulk_act},
    },
    platform::{
        audit::{self, By},
        governance::GovernanceError,
        jobs::{Act, Acted, Applied, JobAction, JobFilter, JobRun, Selection, StageState},
        paging::Listing,
    },
};

/// New jobs that an answer names.
const NAMED: usize = 1_000;
/// Rows that one act may be about.
const MOST: usize = 10_000;

impl Engine {
    pub(super) async fn list_jobs(
        &self,
        query: wire::ListQuery,
    ) -> Result<wire::JobPage, EngineError> {
        let now = self.0.parts.clock.now();
        let listing = Listing::read("jobs", &filter::JOBS, query, now)?;
        let page = self.0.parts.jobs.listed(&listing, JOB_OWNERS).await?;
        Ok(wire::JobPage {
            items: self.shown_jobs(page.items).await?,
            next_cursor: page.next,
        })
    }

    pub(super) async fn count_jobs(
        &self,
        query: &wire::CountQuery,
    ) -> Result<wire::Count, EngineError> {
        let now = self.0.parts.clock.now();
        let listing = Listing::counting(&filter::JOBS, query, now)?;
        let counted = self.0.parts.jobs.counted(&listing, JOB_OWNERS).await?;
        Ok(counted.told(now))
    }

    /// The number of a job.
    pub(super) async fn job_number(&self, id: JobId) -> Result<i64, EngineError> {
        let numbers = self.0.parts.jobs.numbers(&[id]).await?;
        numbers.get(&id).copied().ok_or(EngineError::NoJob)
    }

    /// The job of a number.
    async fn numbered(&self, number: i64) -> Result<job::Model, EngineError> {
        let jobs = &self.0.parts.jobs;
        let ids = jobs.of_numbers(&[number]).await?;
        let id = *ids.first().ok_or(EngineError::NoJob)?;
        jobs.one(id).await?.ok_or(EngineError::NoJob)
    }

    async fn shown_job(&self, job: job::Model) -> Result<wire::Job, EngineError> {
        let shown = self.shown_jobs(vec![job]).await?;
        shown.into_iter().next().ok_or(EngineError::NoJob)
    }

    pub(super) async fn job_detail(&self, number: i64) -> Result<wire::JobDetail, EngineError> {
        let parts = &self.0.parts;
        let job = self.numbered(number).await?;
        let history = parts.jobs.history(&job).await?;
        let timeout = parts.jobs.timeout_of(&job.kind).unwrap_or_default();
        let now = parts.clock.now();
        let stages = history.stages.into_iter().map(|stage| {
            let until_now = stage
                .started_at
                .filter(|_| stage.state == StageState::Running)
                .map(|since| (now - since).num_milliseconds().max(0));
            wire::JobStage {
                name: stage.name,
                state: match stage.state {
                    StageState::Pending => wire::StageState::Waiting,
                    StageState::Running => wire::StageState::Running,
                    StageState::Done => wire::StageState::Done,
                    StageState::Stopped => wire::StageState::Failed,
                },
                started_at: stage.started_at,
                took_ms: stage.took.map(milliseconds).or(until_now),
                attempt: stage.attempt.map(i64::from),
            }
        });
        Ok(wire::JobDetail {
            stages: stages.collect(),
            attempt_list: history.runs.into_iter().map(attempt).collect(),
            params: job.parameters.clone(),
            checkpoint: job.checkpoint.clone(),
            timeout_s: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            job: self.shown_job(job).await?,
        })
    }

    /// A page of a job's log, the oldest first; a cursor is the last line of the page before.
    pub(super) async fn job_events(
        &self,
        number: i64,
        after: i64,
        limit: u64,
    ) -> Result<wire::JobEventPage, EngineError> {
        let job = self.numbered(number).await?;
        let jobs = &self.0.parts.jobs;
        let mut lines = jobs.events_after(job.id, after, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = lines.len() > most;
        lines.truncate(most);
        let last = lines.last().filter(|_| more);
        Ok(wire::JobEventPage {
            next_cursor: last.map(|line| line.id.to_string()),
            items: lines
                .into_iter()
                .map(|line| wire::JobEvent {
                    id: line.id,
                    at: line.created_at,
                    kind: line.event,
                    attempt: Some(i64::from(line.attempt)),
                    stage: line.stage,
                    data: jobs::error(line.error_class, line.message)
                        .map(|error| json!({"class": error.class, "message": error.message})),
                })
                .collect(),
        })
    }

    /// Stops, hurries or repeats a job; answers the job, for a repetition the new one.
    pub(super) async fn act_on_job(
        &self,
        by: &By,
        number: i64,
        action: JobAction,
    ) -> Result<(wire::Job, Option<i64>), EngineError> {
        let job = self.numbered(number).await?;
        let event = audit::Act::on(one_word(action), "job", number.to_string())
            .with("kind", job.kind.as_str());
        let act = Act {
            actor: by.actor,
            record: Some((self.0.parts.audit.clone(), event.by(by))),
        };
        let (acted, entry) = self.0.parts.jobs.act(action, job.id, &act).await?;
        match acted {
            Acted::Done(job) | Acted::Requested(job) => Ok((self.shown_job(job).await?, entry)),
            Acted::NotPossible { reason, .. } => Err(EngineError::NotPossible(reason)),
            Acted::Unknown => Err(EngineError::NoJob),
        }
    }

    /// Says what an act on many jobs would do, and fixes the jobs.
    pub(super) async fn preview_jobs(
        &self,
        actor: UserId,
        bulk: wire::JobsBulk,
    ) -> Result<wire::BulkPreview, EngineError> {
        let parts = &self.0.parts;
        let selection = match (bulk.ids, bulk.filter) {
            (Some(numbers), None) => {
                if numbers.len() > MOST {
                    let message = format!("Must be at most {MOST}");
                    return Err(EngineError::Invalid("ids", message));
                }
                let mut ids: Vec<JobId> = Vec::new();
                for part in numbers.chunks(MOST / 10) {
                    ids.extend(parts.jobs.of_numbers(part).await?);
                }
                Selection::Ids(ids)
            }
            (None, Some(filter)) if filter.trim().is_empty() => {
                Selection::Filter(JobFilter::default())
            }
            (None, Some(filter)) => {
                let now = parts.clock.now();
                let listing = Listing::matching(&filter::JOBS, Some(&filter), now)?;
                Selection::Ids(parts.jobs.matching(&listing, JOB_OWNERS).await?)
            }
            _ => {
                let message = "Send either ids or filter".to_owned();
                return Err(EngineError::Invalid("ids", message));
            }
        };
        let action = action(bulk.action);
        let preview = parts.jobs.preview(action, &selection, actor).await?;
        let cost = match action {
            JobAction::Replay => parts.budgets.sum_of_holds(&preview.holds).await?.0,
            JobAction::Cancel | JobAction::RetryNow => 0,
        };
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Ok(wire::BulkPreview {
            preview_token: preview.token.to_string(),
            expires_at: preview.expires_at,
            count: signed(preview.count),
            by_kind: preview
                .by_kind
                .into_iter()
                .map(|(value, count)| wire::Tally {
                    value,
                    count: signed(count),
                    exact: !preview.truncated,
                })
                .collect(),
            skipped: skipped(preview.skipped),
            cost_nanos: cost,
            owners: i64::try_from(preview.owners.len()).unwrap_or(i64::MAX),
        })
    }

    /// Does what a preview said, to exactly these jobs; when they are many, by a job.
    pub(super) async fn apply_preview(
        &self,
        by: &By,
        token: &str,
    ) -> Result<(wire::BulkDone, Option<i64>), EngineError> {
        let token: Uuid = token.parse().map_err(|_| EngineError::PreviewGone)?;
        let parts = &self.0.parts;
        let act = bulk_act(&parts.audit, by);
        let job = BulkAct::job(Many::Jobs, by).map_err(GovernanceError::from)?;
        let applied = parts.jobs.apply(token, &act, job).await?;
        let done = match applied.map_err(|_| EngineError::PreviewGone)? {
            Applied::Done(done) => done,
            Applied::Begun { job, entry } => {
                let begun = wire::BulkDone {
                    job: Some(self.job_number(job).await?),
                    done: 0,
                    skipped: Vec::new(),
                    job_ids: Vec::new(),
                };
                return Ok((begun, entry));
            }
        };
        let named = &done.replayed[..done.replayed.len().min(NAMED)];
        let mut job_ids: Vec<i64> = parts.jobs.numbers(named).await?.into_values().collect();
        job_ids.sort_unstable();
        let answer = wire::BulkDone {
            job: None,
            done: i64::try_from(done.done).unwrap_or(i64::MAX),
            skipped: skipped(done.skipped),
            job_ids,
        };
        Ok((answer, done.entry))
    }
}

fn action(action: wire::JobsAction) -> JobAction {
    match action {
        wire::JobsAction::Cancel => JobAction::Cancel,
        wire::JobsAction::Retry => JobAction::RetryNow,
        wire::JobsAction::Replay => JobAction::Replay,
    }
}

/// The word on record for an act on one job.
const fn one_word(action: JobAction) -> &'static str {
    match action {
        JobAction::Cancel => "cancel_job",
        JobAction::RetryNow => "retry_job",
        JobAction::Replay => "replay_job",
    }
}

fn skipped(by_reason: std::collections::BTreeMap<String, u64>) -> Vec<wire::Skipped> {
    let skipped = by_reason.into_iter().map(|(reason, count)| wire::Skipped {
        reason,
        count: i64::try_from(count).unwrap_or(i64::MAX),
    });
    skipped.collect()
}

fn attempt(run: JobRun) -> wire::JobAttempt {
    let took = |end: DateTime<Utc>| (end - run.started_at).num_milliseconds();
    wire::JobAttempt {
        attempt: i64::from(run.attempt),
        started_at: run.started_at,
        took_ms: run.ended_at.map(took),
        // The log names the lease, not who had it.
        worker: None,
        error: jobs::error(run.error_class, run.message),
    }
}

pub(super) fn milliseconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
