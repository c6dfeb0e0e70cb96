//! Leadership: a named duty that one process holds for a time.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "leases")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: Uuid,
    pub until: DateTimeUtc,
    /// When the duty was last done; before its first time, since when it is to be done.
    pub last_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
