//! Money reserved for one call, settled or given back exactly once.

use sea_orm::entity::prelude::*;

use crate::{HoldId, HoldState, JobId, Nanos, PeriodId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "holds")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: HoldId,
    pub period_id: PeriodId,
    pub house_period_id: Option<PeriodId>,
    pub user_id: UserId,
    pub amount_nanos: Nanos,
    pub state: HoldState,
    pub kind: String,
    pub provider: String,
    pub model: String,
    pub prompt_tokens: i64,
    pub output_tokens_max: i64,
    /// Checkpointed while streaming.
    pub output_tokens_seen: i64,
    /// Nano-dollars per million tokens.
    pub input_price: i64,
    /// Nano-dollars per million tokens.
    pub output_price: i64,
    pub job_id: Option<JobId>,
    pub stream_id: Option<Uuid>,
    pub trace_id: Option<String>,
    pub store_id: Option<StoreId>,
    pub lease_until: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub resolved_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
