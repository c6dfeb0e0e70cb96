//! Notes about a user before and after an act on record, which itself holds no content.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notes_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub audit_id: i64,
    pub user_id: UserId,
    pub notes_before: Option<String>,
    pub notes_after: Option<String>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
