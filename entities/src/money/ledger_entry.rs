//! A charge. Rows are appended, never changed.

use sea_orm::entity::prelude::*;

use crate::{DocumentId, HoldId, JobId, LedgerEntryId, Nanos, PeriodId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: LedgerEntryId,
    pub period_id: PeriodId,
    pub user_id: UserId,
    pub hold_id: Option<HoldId>,
    pub kind: String,
    pub provider: String,
    pub model: String,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub index_tokens: i64,
    pub unit: String,
    /// Nano-dollars per million units.
    pub input_price: i64,
    /// Nano-dollars per million units.
    pub output_price: i64,
    pub amount_nanos: Nanos,
    /// The provider's own count was not to be had.
    pub estimated: bool,
    /// How far the charge went beyond its hold.
    pub overrun_nanos: Nanos,
    pub store_id: Option<StoreId>,
    pub document_id: Option<DocumentId>,
    pub job_id: Option<JobId>,
    pub stream_id: Option<Uuid>,
    pub trace_id: Option<String>,
    pub project_id: Option<i64>,
    pub tags: Option<Json>,
    pub error_code: Option<String>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
