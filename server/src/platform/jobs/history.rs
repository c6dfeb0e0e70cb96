//! A job's log as people read it: its stages, and its runs.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::jobs::{job, job_event};

use super::{Jobs, queries::lists, state};
use crate::platform::db::DbError;

/// Lines of a log that a history is made of: the newest of a job that ran very often.
const LINES: u64 = 2_000;

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageState {
    /// Not begun.
    Pending,
    Running,
    /// Another stage, or the end of the job, followed.
    Done,
    /// The run ended within it: an error, a lost lease, a cancellation, a wait.
    Stopped,
}

/// A stage of a job, as its latest run went through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobStage {
    pub(crate) name: String,
    pub(crate) state: StageState,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) took: Option<Duration>,
    /// 1 for the first.
    pub(crate) attempt: Option<i32>,
}

/// One run of a job by a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobRun {
    pub(crate) claim: i64,
    /// 1 for the first; a lost lease does not count.
    pub(crate) attempt: i32,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// The word of the log with which it ended, as `retrying`; none while it runs.
    pub(crate) outcome: Option<String>,
    pub(crate) error_class: Option<String>,
    pub(crate) message: Option<String>,
}

/// A job's stages in their order, and its runs from the first that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobHistory {
    pub(crate) stages: Vec<JobStage>,
    pub(crate) runs: Vec<JobRun>,
}

impl Jobs {
    /// What the log says of a job's stages and runs.
    pub(crate) async fn history(&self, job: &job::Model) -> Result<JobHistory, DbError> {
        let lines = lists::newest_events(self.0.db.read(), job.id, LINES).await?;
        Ok(JobHistory {
            stages: stages(self.stages(&job.kind), &lines),
            runs: runs(&lines),
        })
    }
}

/// Words of the log that are within a run and do not end it.
fn is_within(event: &str) -> bool {
    event == state::STAGE || event == state::CANCEL_REQUESTED
}

fn stages(declared: &[&'static str], lines: &[job_event::Model]) -> Vec<JobStage> {
    declared
        .iter()
        .map(|name| {
            let begun = lines.iter().rposition(|line| {
                line.event == state::STAGE && line.stage.as_deref() == Some(name)
            });
            let Some(begun) = begun else {
                return JobStage {
                    name: (*name).to_owned(),
                    state: StageState::Pending,
                    started_at: None,
                    took: None,
                    attempt: None,
                };
            };
            let line = &lines[begun];
            let next = lines[begun + 1..]
                .iter()
                .find(|next| next.event != state::CANCEL_REQUESTED);
            JobStage {
                name: (*name).to_owned(),
                state: match next.map(|next| next.event.as_str()) {
                    None => StageState::Running,
                    Some(state::STAGE | "succeeded") => StageState::Done,
                    Some(_) => StageState::Stopped,
                },
                started_at: Some(line.created_at),
                took: next.and_then(|next| (next.created_at - line.created_at).to_std().ok()),
                attempt: Some(line.attempt.saturating_add(1)),
            }
        })
        .collect()
}

fn runs(lines: &[job_event::Model]) -> Vec<JobRun> {
    let mut runs: Vec<JobRun> = Vec::new();
    for line in lines {
        if line.event == "started" {
            runs.push(JobRun {
                claim: line.claim,
                attempt: line.attempt.saturating_add(1),
                started_at: line.created_at,
                ended_at: None,
                outcome: None,
                error_class: None,
                message: None,
            });
            continue;
        }
        let open = runs.last_mut().filter(|run| run.ended_at.is_none());
        if let Some(run) = open.filter(|_| !is_within(&line.event)) {
            run.ended_at = Some(line.created_at);
            run.outcome = Some(line.event.clone());
            run.error_class.clone_from(&line.error_class);
            run.message.clone_from(&line.message);
        }
    }
    runs
}
