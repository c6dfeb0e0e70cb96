//! One's own work in the background: routes under `/api/jobs`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Enum),
    oai(rename = "OwnJobState", rename_all = "snake_case")
)]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// Failed and waits for its next attempt.
    Retrying,
    /// At work.
    Running,
    /// Waits for `POST /api/jobs/{id}/input`.
    AwaitingInput,
    /// Waits for the budget to be raised or the month to turn.
    AwaitingBudget,
    /// Done.
    Succeeded,
    /// Given up.
    Failed,
    /// Stopped.
    Cancelled,
}

/// Why a job failed, or why its last attempt did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Object),
    oai(rename = "OwnJobError")
)]
pub struct JobError {
    /// A word from a small set, as `timeout`.
    pub class: String,
    /// For people.
    pub message: String,
}

/// A piece of work in the background.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Object),
    oai(rename = "OwnJob")
)]
pub struct Job {
    pub id: Uuid,
    /// What it does, as `index_document`.
    pub kind: String,
    pub state: JobState,
    /// What kind of thing it is about, as `document`.
    pub subject_type: Option<String>,
    /// Which one.
    pub subject_id: Option<i64>,
    /// What it is doing, or did last.
    pub stage: Option<String>,
    /// 0 to 1.
    pub progress_ratio: f64,
    /// Errors so far.
    pub attempt: i32,
    /// Errors after which it is given up.
    pub attempts: i32,
    pub error: Option<JobError>,
    /// What it asks for while it is `awaiting_input`.
    pub input_prompt: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Not before this time.
    pub run_after: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// The job that this one repeats.
    pub replay_of: Option<Uuid>,
    /// The job that repeats this one.
    pub replayed_by: Option<Uuid>,
    /// Rises with each change.
    pub rev: i64,
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct JobsQuery {
    /// `next_cursor` of the page before, with the same filters and order.
    pub cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<u64>,
    /// States, separated by commas.
    pub state: Option<String>,
    /// Kinds, separated by commas.
    pub kind: Option<String>,
    /// A field to sort by, with `-` before it for the other direction; `-created_at` when absent.
    pub sort: Option<String>,
}

/// A page of jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Object),
    oai(rename = "OwnJobPage")
)]
pub struct JobPage {
    pub items: Vec<Job>,
    /// Absent on the last page.
    pub next_cursor: Option<String>,
}

/// A line of a job's log, as its event stream sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Object),
    oai(rename = "OwnJobEvent")
)]
pub struct JobEvent {
    pub id: i64,
    pub at: DateTime<Utc>,
    /// What happened: `enqueued`, `started`, `stage`, `retrying`, `succeeded`, `failed` …
    pub event: String,
    /// Errors so far.
    pub attempt: i32,
    pub stage: Option<String>,
    pub error: Option<JobError>,
}

/// What a waiting job asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct JobInput {
    /// As the kind asks for it.
    pub input: serde_json::Value,
}
