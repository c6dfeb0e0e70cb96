//! A branding setting changed from its default.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub value: String,
    /// What it was before its last change; `None`: the default.
    pub previous: Option<String>,
    pub updated_at: DateTimeUtc,
    pub updated_by: Option<UserId>,
}

impl ActiveModelBehavior for ActiveModel {}
