//! A backup that was made, or proved to be one.

use sea_orm::entity::prelude::*;

use crate::BackupKind;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "backup_runs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: BackupKind,
    pub size_bytes: i64,
    pub finished_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
