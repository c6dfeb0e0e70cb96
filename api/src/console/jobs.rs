//! Jobs.

use chrono::{DateTime, Utc};

use super::{page, wire, words};

words! {
    /// Where a job stands, as shown.
    pub enum JobState {
        /// Waits for a worker.
        Queued = "queued",
        /// Is worked on.
        Running = "running",
        /// Queued again after an error, with a time ahead.
        Retrying = "retrying",
        /// Waits for its owner's answer.
        AwaitingInput = "awaiting_input",
        /// Waits for its owner's money.
        AwaitingBudget = "awaiting_budget",
        /// Done.
        Succeeded = "succeeded",
        /// Dead letter.
        Failed = "failed",
        /// Stopped.
        Cancelled = "cancelled",
    }

    /// Where a stage of a job stands.
    pub enum StageState {
        /// Not begun.
        Waiting = "waiting",
        /// Under way.
        Running = "running",
        /// Done.
        Done = "done",
        /// Ended by an error.
        Failed = "failed",
    }
}

wire! {
    /// What went wrong last.
    pub struct JobError {
        /// `auth`, `quota`, `rate`, `policy`, `transient` and others, of a bounded set.
        pub class: String,
        /// For people; never content.
        pub message: String,
    }

    /// A job.
    pub struct Job {
        /// Its number.
        pub id: i64,
        /// What it does.
        pub kind: String,
        /// Where it stands.
        pub state: JobState,
        /// The stage under way, or the last one.
        pub stage: Option<String>,
        /// Of the whole.
        pub progress_ratio: f64,
        /// Errors so far, and the one under way.
        pub attempt: i64,
        /// Errors after which it is a dead letter.
        pub attempts: i64,
        /// Whose.
        pub owner_id: Option<i64>,
        /// In lower case.
        pub owner_email: Option<String>,
        /// Higher goes first.
        pub priority: i64,
        /// What it was expected to cost.
        pub quote_nanos: Option<i64>,
        /// Reserved for it.
        pub held_nanos: i64,
        /// Settled for it; `null` in lists where it is not known.
        pub cost_nanos: Option<i64>,
        /// UTC.
        pub created_at: DateTime<Utc>,
        /// When it was first taken.
        pub started_at: Option<DateTime<Utc>>,
        /// When it last changed.
        pub updated_at: DateTime<Utc>,
        /// When it ended.
        pub finished_at: Option<DateTime<Utc>>,
        /// Not before this.
        pub run_after: DateTime<Utc>,
        /// The process that has it.
        pub worker: Option<String>,
        /// Until when that process has it.
        pub lease_until: Option<DateTime<Utc>>,
        /// What went wrong last.
        pub error: Option<JobError>,
        /// The job that this one does again.
        pub replay_of: Option<i64>,
        /// The job that does this one again.
        pub replayed_by: Option<i64>,
        /// The trace of what asked for it.
        pub trace_id: Option<String>,
        /// Rises with each change.
        pub rev: i64,
    }

    /// One stage of a job.
    pub struct JobStage {
        /// Its name.
        pub name: String,
        /// Where it stands.
        pub state: StageState,
        /// When it last began.
        pub started_at: Option<DateTime<Utc>>,
        /// How long it took, or has taken until now.
        pub took_ms: Option<i64>,
        /// In which attempt.
        pub attempt: Option<i64>,
    }

    /// One attempt of a job.
    pub struct JobAttempt {
        /// From 1.
        pub attempt: i64,
        /// When it began.
        pub started_at: DateTime<Utc>,
        /// How long it took; `null` while it runs.
        pub took_ms: Option<i64>,
        /// The process that had it.
        pub worker: Option<String>,
        /// How it ended; `null` when it went well or runs.
        pub error: Option<JobError>,
    }

    /// A job with its inside.
    pub struct JobDetail {
        /// The job.
        pub job: Job,
        /// In the order that its kind declares.
        pub stages: Vec<JobStage>,
        /// The first first.
        pub attempt_list: Vec<JobAttempt>,
        /// Ids and sizes; never content.
        pub params: serde_json::Value,
        /// Where it would go on; never content.
        pub checkpoint: Option<serde_json::Value>,
        /// Longest time of one attempt.
        pub timeout_s: i64,
    }

    /// Something that happened to a job.
    pub struct JobEvent {
        /// Its number.
        pub id: i64,
        /// UTC.
        pub at: DateTime<Utc>,
        /// What happened.
        pub kind: String,
        /// In which attempt.
        pub attempt: Option<i64>,
        /// At which stage.
        pub stage: Option<String>,
        /// More of it; never content.
        pub data: Option<serde_json::Value>,
    }

    /// Counts of jobs for one step of time.
    pub struct JobsPoint {
        /// When the step began.
        pub at: DateTime<Utc>,
        /// Asked for.
        pub created: i64,
        /// Done.
        pub succeeded: i64,
        /// Dead letters.
        pub failed: i64,
    }

    /// Counts of jobs over time, the oldest first.
    pub struct JobsSeries {
        /// Length of a step.
        pub step_s: i64,
        /// 60 of them.
        pub points: Vec<JobsPoint>,
    }

    /// A time at which a job is added again and again.
    pub struct JobSchedule {
        /// Its name.
        pub name: String,
        /// As cron writes it, UTC.
        pub expression: String,
        /// Of the job that it adds.
        pub kind: String,
        /// When the next job is added.
        pub next_at: Option<DateTime<Utc>>,
        /// When the last one was.
        pub last_at: Option<DateTime<Utc>>,
        /// Which one that was.
        pub last_job_id: Option<i64>,
    }

    /// The schedules.
    pub struct JobSchedules {
        /// In the order of their names.
        pub items: Vec<JobSchedule>,
    }

    /// How jobs of one kind fare; the percentiles are of the last 24 hours.
    pub struct JobKindStatistics {
        /// The kind.
        pub kind: String,
        /// Whether this program knows the kind.
        pub registered: bool,
        /// Queued again after an error.
        pub retrying: i64,
        /// Waiting for money.
        pub awaiting_budget: i64,
        /// Waiting for an answer.
        pub awaiting_input: i64,
        /// Done in the last 24 hours.
        pub succeeded_24h: i64,
        /// Failed, and not done again.
        pub dead_letters: i64,
        /// Waiting for a worker.
        pub queued: i64,
        /// Under way.
        pub running: i64,
        /// From being due to being taken.
        pub wait_p50_ms: Option<i64>,
        /// From being due to being taken.
        pub wait_p95_ms: Option<i64>,
        /// From being taken to the end.
        pub run_p50_ms: Option<i64>,
        /// From being taken to the end.
        pub run_p95_ms: Option<i64>,
        /// Dead letters of the last 24 hours.
        pub failed_24h: i64,
    }

    /// How jobs fare, by kind.
    pub struct JobStatistics {
        /// In the order of their names.
        pub items: Vec<JobKindStatistics>,
    }
}

impl JobState {
    /// Whether nothing more happens to the job, unless somebody asks for it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What a job over many rows has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows touched.
    pub done: i64,
    /// Rows left out.
    pub skipped: i64,
    /// Those of the skipped with which something went wrong.
    pub failed: i64,
}

impl RowCounts {
    /// As people read it, each number written by `count`.
    pub fn in_words(self, count: impl Fn(i64) -> String) -> String {
        let words = format!("{} done, {} skipped", count(self.done), count(self.skipped));
        if self.failed == 0 {
            return words;
        }
        format!("{words}, {} of them failed", count(self.failed))
    }
}

impl JobDetail {
    /// How far a job over many rows is; `None` for other jobs.
    pub fn row_counts(&self) -> Option<RowCounts> {
        let number = |name: &str| self.checkpoint.as_ref()?.get(name)?.as_i64();
        let (done, next) = (number("done")?, number("next")?);
        Some(RowCounts {
            done,
            skipped: next.saturating_sub(done),
            failed: number("failed").unwrap_or(0),
        })
    }
}

/// How jobs are counted.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct JobCountsQuery {
    /// `state` or `kind`.
    pub by: String,
    /// Terms joined by *and*.
    pub filter: Option<String>,
}

/// How fine a series is.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct JobsSeriesQuery {
    /// 10 to 3,600; 60 when absent.
    pub step_s: Option<i64>,
}

page! {
    /// A page of jobs.
    pub struct JobPage of Job;
    /// A page of what happened to a job, the oldest first.
    pub struct JobEventPage of JobEvent;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_told_of_what_was_skipped() {
        let counts = |failed| RowCounts {
            done: 97,
            skipped: 3,
            failed,
        };
        let words = |failed| counts(failed).in_words(|count| count.to_string());
        assert_eq!(words(0), "97 done, 3 skipped");
        assert_eq!(words(2), "97 done, 3 skipped, 2 of them failed");
    }
}
