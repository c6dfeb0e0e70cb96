//! What an act answered under an `Idempotency-Key`; ids and numbers only.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "act_answers")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub actor_user_id: UserId,
    pub key: String,
    /// SHA-256 of the operation and its body, hexadecimal.
    pub fingerprint: String,
    /// JSON; `None` while the act is under way.
    pub outcome: Option<String>,
    pub audit_id: Option<i64>,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
