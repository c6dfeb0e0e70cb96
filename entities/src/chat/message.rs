//! One turn of a conversation.

use sea_orm::entity::prelude::*;

use crate::{ChatSessionId, HoldId, MessageId, MessageRole, MessageState, Nanos, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: MessageId,
    pub chat_session_id: ChatSessionId,
    pub user_id: UserId,
    pub store_id: Option<StoreId>,
    pub role: MessageRole,
    pub content: String,
    pub state: MessageState,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub citations: Option<Json>,
    pub stream_id: Option<Uuid>,
    pub hold_id: Option<HoldId>,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub cost_nanos: Nanos,
    pub error_code: Option<String>,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
