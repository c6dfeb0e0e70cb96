//! A person who may sign in.

use sea_orm::entity::prelude::*;

use crate::{Role, UserId, UserStatus};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: UserId,
    /// Shown where the counting id would tell too much.
    pub public_id: Uuid,
    /// Lower-cased.
    pub email: String,
    /// PHC string of argon2id.
    pub password_hash: String,
    pub role: Role,
    pub status: UserStatus,
    pub email_verified: bool,
    pub admin_notes: Option<String>,
    /// Access tokens carry it; raising it ends every one of them.
    pub token_version: i64,
    /// Rises with every change.
    pub rev: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
