//! An uploaded file and where it stands on its way into the index.

use sea_orm::entity::prelude::*;

use crate::{DocumentId, DocumentStatus, HoldId, JobId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: DocumentId,
    pub store_id: StoreId,
    pub user_id: UserId,
    /// Sanitised.
    pub filename: String,
    pub display_name: Option<String>,
    /// As found in the content.
    pub media_type: String,
    pub size_bytes: i64,
    /// Hexadecimal.
    pub sha256: String,
    pub blob_key: String,
    pub status: DocumentStatus,
    pub status_updated_at: DateTimeUtc,
    pub op_name: Option<String>,
    pub gcs_uri: Option<String>,
    pub last_error: Option<String>,
    pub page_count: Option<i32>,
    pub estimated_tokens: i64,
    pub index_tokens: Option<i64>,
    pub embedding_model: Option<String>,
    /// Which indexing run its passages belong to.
    pub generation: i64,
    pub job_id: Option<JobId>,
    pub hold_id: Option<HoldId>,
    pub deleted_at: Option<DateTimeUtc>,
    pub deleted_by: Option<UserId>,
    /// Restored with its store.
    pub deleted_with_store: bool,
    pub purge_job_id: Option<JobId>,
    /// From here on it cannot be brought back: parts of it may be gone.
    pub purging_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub rev: i64,
}

impl ActiveModelBehavior for ActiveModel {}
