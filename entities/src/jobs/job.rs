//! A piece of durable work.

use sea_orm::entity::prelude::*;

use crate::{HoldId, JobId, JobState, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JobId,
    pub kind: String,
    pub user_id: Option<UserId>,
    pub subject_type: Option<String>,
    pub subject_id: Option<i64>,
    /// Ids and plain settings, never content.
    pub parameters: Json,
    pub state: JobState,
    /// Smaller runs first.
    pub priority: i32,
    pub run_at: DateTimeUtc,
    /// The fence: rises at each lease and never falls.
    pub claim: i64,
    /// Errors so far.
    pub attempts: i32,
    pub max_attempts: i32,
    /// Lost leases so far.
    pub rescues: i32,
    pub lease_until: Option<DateTimeUtc>,
    pub process_id: Option<Uuid>,
    pub stage: Option<String>,
    /// 0 to 1.
    pub progress: f64,
    pub checkpoint: Option<Json>,
    /// What a job in `awaiting_input` waits for, in words for people.
    pub input_prompt: Option<String>,
    /// What a person gave it, as its kind asks.
    pub input: Option<Json>,
    pub hold_id: Option<HoldId>,
    pub traceparent: Option<String>,
    pub idempotency_key: Option<String>,
    pub duplicate_key: Option<String>,
    pub replay_of: Option<JobId>,
    pub replayed_by: Option<JobId>,
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    pub cancel_requested_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    /// When its latest run began.
    pub leased_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
    pub rev: i64,
}

impl ActiveModelBehavior for ActiveModel {}
