//! How long the console has a class kept.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_overrides")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub class: String,
    /// 0 keeps.
    pub days: i32,
    pub updated_at: DateTimeUtc,
    pub updated_by: Option<UserId>,
}

impl ActiveModelBehavior for ActiveModel {}
