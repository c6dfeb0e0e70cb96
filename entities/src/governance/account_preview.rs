//! The users that an act on many was previewed for, as they were then.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "account_previews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub actor_user_id: UserId,
    pub action: String,
    pub limit_nanos: Option<i64>,
    /// Ids, revisions and limits.
    pub accounts: Json,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
