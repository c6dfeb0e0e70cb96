//! An access token or session refused before its time.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocations")]
pub struct Model {
    /// `jti:<id>` or `sid:<id>`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub user_id: UserId,
    /// When the token would have ended anyway.
    pub expires_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
