//! A line of a job's own log.

use sea_orm::entity::prelude::*;

use crate::{JobId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub job_id: JobId,
    pub event: String,
    pub claim: i64,
    pub attempt: i32,
    pub stage: Option<String>,
    pub error_class: Option<String>,
    /// For operators; never content.
    pub message: Option<String>,
    /// Whose act it tells of; none for what the engine did by itself.
    pub actor_user_id: Option<UserId>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
