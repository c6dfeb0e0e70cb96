//! A rule for everybody's money that was set from the console.

use sea_orm::entity::prelude::*;

use crate::Nanos;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "money_defaults")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// `None`: there is none, whatever the settings say.
    pub nanos: Option<Nanos>,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
