//! One account in one UTC month: its limit, what is spent, what is reserved.

use sea_orm::entity::prelude::*;

use crate::{Nanos, PeriodId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "periods")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: PeriodId,
    /// `user:<id>` or `house`.
    pub account: String,
    pub user_id: Option<UserId>,
    /// `YYYY-MM`.
    pub month: String,
    /// `None` is unlimited.
    pub limit_nanos: Option<Nanos>,
    /// Equals the sum of the period's ledger entries.
    pub spent_nanos: Nanos,
    /// Equals the sum of the period's open and sent holds.
    pub reserved_nanos: Nanos,
    pub rev: i64,
    /// Set in the transaction that deletes the period, and by nothing else: the database refuses to
    /// delete charges of any other period.
    pub expiring: bool,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
