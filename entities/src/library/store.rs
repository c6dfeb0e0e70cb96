//! A named collection of one user's documents.

use sea_orm::entity::prelude::*;

use crate::{JobId, StoreId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stores")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: StoreId,
    pub user_id: UserId,
    /// As given; escaped where it is shown.
    pub display_name: String,
    pub fs_name: String,
    pub deleted_at: Option<DateTimeUtc>,
    pub deleted_by: Option<UserId>,
    pub purge_job_id: Option<JobId>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
