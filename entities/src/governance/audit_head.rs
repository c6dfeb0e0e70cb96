//! The newest link of the audit chain.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub last_id: i64,
    pub last_hash: String,
    /// The newest entry that was cut off; 0 before the first cut.
    pub cut_id: i64,
    /// Its hash, which the oldest entry that is left carries on.
    pub cut_hash: String,
    /// Who has not the key cannot cut.
    pub cut_signature: String,
}

impl ActiveModelBehavior for ActiveModel {}
