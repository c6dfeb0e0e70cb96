//! A conversation of one user.

use sea_orm::entity::prelude::*;

use crate::{ChatSessionId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chat_sessions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: ChatSessionId,
    pub user_id: UserId,
    /// The id clients know; unique per user.
    pub session_key: String,
    pub store_id: Option<StoreId>,
    pub title: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
