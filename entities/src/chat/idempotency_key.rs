//! A request remembered, so that its repetition does nothing twice.

use sea_orm::entity::prelude::*;

use crate::{IdempotencyState, MessageId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub user_id: UserId,
    pub operation: String,
    pub key: String,
    /// SHA-256 of the request body, hexadecimal.
    pub fingerprint: String,
    pub state: IdempotencyState,
    pub stream_id: Option<Uuid>,
    pub message_id: Option<MessageId>,
    pub status: Option<i32>,
    pub response: Option<Json>,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
