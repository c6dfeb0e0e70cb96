//! The signed proof that a user was erased. Numbers alone.

use sea_orm::entity::prelude::*;

use crate::UserId;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasure_receipts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: UserId,
    pub actor_user_id: Option<UserId>,
    pub begun_at: DateTimeUtc,
    pub finished_at: DateTimeUtc,
    pub erased: i64,
    pub remaining: i64,
    /// What is signed, word for word.
    pub statement: String,
    pub signature: String,
}

impl ActiveModelBehavior for ActiveModel {}
