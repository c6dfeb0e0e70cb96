//! One class, gone through once.

use sea_orm::entity::prelude::*;

use crate::{JobId, RetentionRunId, RunCause, RunOutcome, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_runs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: RetentionRunId,
    pub class: String,
    pub cause: RunCause,
    pub job_id: Option<JobId>,
    pub actor_user_id: Option<UserId>,
    /// What was over before this instant has gone.
    pub expired_before: DateTimeUtc,
    pub outcome: RunOutcome,
    pub rows_deleted: i64,
    pub blobs_deleted: i64,
    pub bytes_deleted: i64,
    /// Rows whose time was over and that work under way needed.
    pub held_back: i64,
    pub started_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
