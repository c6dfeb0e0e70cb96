//! Everything of a user in one file, while it can be fetched.

use sea_orm::entity::prelude::*;

use crate::{ExportId, ExportState, JobId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exports")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ExportId,
    pub user_id: UserId,
    pub requested_by: Option<UserId>,
    pub job_id: JobId,
    pub state: ExportState,
    pub blob_key: Option<String>,
    pub size_bytes: Option<i64>,
    /// Hexadecimal.
    pub sha256: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
