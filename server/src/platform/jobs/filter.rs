//! Which jobs a list, a count or a bulk act is about, and in which order.

use chrono::{DateTime, Utc};
use entities::{
    JobId,
    JobState::{
        self, AwaitingBudget, AwaitingInput, Cancelled, Failed, Queued, Running, Succeeded,
    },
    UserId,
    jobs::job,
};
use serde::{Deserialize, Serialize};

/// A job's state as it is shown: `retrying` is not stored, it is a queued job with errors so far
/// and a time ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShownState {
    Queued,
    Retrying,
    Running,
    AwaitingInput,
    AwaitingBudget,
    Succeeded,
    Failed,
    Cancelled,
}

impl ShownState {
    /// Every state, in the order in which a job may come through them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Queued,
        Self::Retrying,
        Self::Running,
        Self::AwaitingInput,
        Self::AwaitingBudget,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state of a job now.
    pub(crate) fn of(job: &job::Model, now: DateTime<Utc>) -> Self {
        match job.state {
            Queued if job.attempts > 0 && job.run_at > now => Self::Retrying,
            Queued => Self::Queued,
            Running => Self::Running,
            AwaitingInput => Self::AwaitingInput,
            AwaitingBudget => Self::AwaitingBudget,
            Succeeded => Self::Succeeded,
            Failed => Self::Failed,
            Cancelled => Self::Cancelled,
        }
    }

    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Retrying => "retrying",
            Self::Running => "running",
            Self::AwaitingInput => "awaiting_input",
            Self::AwaitingBudget => "awaiting_budget",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Under which state the job is stored.
    pub(crate) const fn stored(self) -> JobState {
        match self {
            Self::Queued | Self::Retrying => Queued,
            Self::Running => Running,
            Self::AwaitingInput => AwaitingInput,
            Self::AwaitingBudget => AwaitingBudget,
            Self::Succeeded => Succeeded,
            Self::Failed => Failed,
            Self::Cancelled => Cancelled,
        }
    }
}

/// Which jobs: all that match every field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct JobFilter {
    /// Any of these; all when empty.
    pub(crate) states: Vec<ShownState>,
    /// Any of these; all when empty.
    pub(crate) kinds: Vec<String>,
    pub(crate) user_id: Option<UserId>,
    /// Any of these; all when empty.
    pub(crate) error_classes: Vec<String>,
    /// Failed and not replayed.
    pub(crate) dead_letters: bool,
    pub(crate) created_from: Option<DateTime<Utc>>,
    pub(crate) created_before: Option<DateTime<Utc>>,
    pub(crate) finished_from: Option<DateTime<Utc>>,
    pub(crate) finished_before: Option<DateTime<Utc>>,
}

/// A column that lists can be sorted by; the job's key breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobSortField {
    CreatedAt,
    UpdatedAt,
    StartedAt,
    FinishedAt,
    RunAfter,
    Priority,
    Attempt,
    Kind,
    State,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobSort {
    pub(crate) field: JobSortField,
    pub(crate) descending: bool,
}

impl Default for JobSort {
    /// The newest first.
    fn default() -> Self {
        Self {
            field: JobSortField::CreatedAt,
            descending: true,
        }
    }
}

impl JobSort {
    /// The names that [`JobSort::parse`] takes, for messages.
    pub(crate) const NAMES: &'static str = "created_at, updated_at, started_at, finished_at, \
                                            run_after, priority, attempt, kind, state";

    /// Reads `field` or `-field`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let field = match name {
            "created_at" => JobSortField::CreatedAt,
            "updated_at" => JobSortField::UpdatedAt,
            "started_at" => JobSortField::StartedAt,
            "finished_at" => JobSortField::FinishedAt,
            "run_after" => JobSortField::RunAfter,
            "priority" => JobSortField::Priority,
            "attempt" => JobSortField::Attempt,
            "kind" => JobSortField::Kind,
            "state" => JobSortField::State,
            _ => return None,
        };
        Some(Self { field, descending })
    }

    /// Where this job stands in the order.
    pub(crate) fn position_of(self, job: &job::Model) -> JobPosition {
        let never = DateTime::UNIX_EPOCH;
        let value = match self.field {
            JobSortField::CreatedAt => SortValue::Instant(job.created_at),
            JobSortField::UpdatedAt => SortValue::Instant(job.updated_at),
            JobSortField::StartedAt => SortValue::Instant(job.started_at.unwrap_or(never)),
            JobSortField::FinishedAt => SortValue::Instant(job.finished_at.unwrap_or(never)),
            JobSortField::RunAfter => SortValue::Instant(job.run_at),
            JobSortField::Priority => SortValue::Number(job.priority),
            JobSortField::Attempt => SortValue::Number(job.attempts),
            JobSortField::Kind => SortValue::Word(job.kind.clone()),
            JobSortField::State => SortValue::Word(job.state.as_str().to_owned()),
        };
        JobPosition { value, id: job.id }
    }
}

/// The value of a sorted column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SortValue {
    Instant(DateTime<Utc>),
    Number(i32),
    Word(String),
}

/// A place between two rows of a list: what a cursor carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobPosition {
    pub(crate) value: SortValue,
    pub(crate) id: JobId,
}
