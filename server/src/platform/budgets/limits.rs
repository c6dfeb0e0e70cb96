//! Limits: what a user may spend in a month, and where they stand.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{Nanos, UserId};

use super::{
    Account, BudgetRefusal, Budgets, Month, announce,
    queries::periods::{self, Row},
};
use crate::platform::db::{DbErr, DbError, Txn};

/// Where a user's budget stands this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BudgetStatus {
    pub(crate) month: Month,
    /// `None` is unlimited.
    pub(crate) limit: Option<Nanos>,
    pub(crate) spent: Nanos,
    /// Reserved for calls under way.
    pub(crate) held: Nanos,
    pub(crate) resets_at: DateTime<Utc>,
    /// Of the period row; 0 before the month's first call.
    pub(crate) rev: i64,
}

impl BudgetStatus {
    /// What a new call may use, never negative. `None` is unlimited.
    pub(crate) fn available(&self) -> Option<Nanos> {
        self.limit
            .map(|limit| limit.minus(self.spent).minus(self.held).max(Nanos::ZERO))
    }
}

impl Budgets {
    /// Gives a new user the default limit; without one they are unlimited. Part of the transaction
    /// that makes the user.
    pub(crate) async fn open_account_in(&self, txn: &Txn, user_id: UserId) -> Result<(), DbErr> {
        match self.defaults_in(txn).await?.new_user {
            None => Ok(()),
            Some(limit) => periods::put_limit(txn, user_id, limit, self.clock.now()).await,
        }
    }

    /// Sets or lifts (`None`) a user's limit, from now on and for this month. The caller knows that
    /// the user exists. A limit below what is spent is allowed: nothing more is then admitted.
    pub(crate) async fn set_limit_in(
        &self,
        txn: &Txn,
        user_id: UserId,
        limit: Option<Nanos>,
    ) -> Result<BudgetStatus, DbErr> {
        let now = self.clock.now();
        match limit {
            Some(limit) => periods::put_limit(txn, user_id, limit, now).await?,
            None => periods::lift_limit(txn, user_id).await?,
        }
        let month = Month::of(now);
        let row = periods::set_limit(txn, Account::User(user_id), month, limit, now).await?;
        announce(txn, &row);
        Ok(status_of(month, &row))
    }

    /// A user's limit; `None` is unlimited.
    pub(crate) async fn limit_in(
        &self,
        txn: &Txn,
        user_id: UserId,
    ) -> Result<Option<Nanos>, DbErr> {
        periods::limit_of(txn, user_id).await
    }

    /// Where a user's budget stands.
    pub(crate) async fn status(&self, user_id: UserId) -> Result<BudgetStatus, DbError> {
        let month = Month::of(self.clock.now());
        let row = Row::Of(Account::User(user_id), month);
        if let Some(row) = periods::find(self.db.read(), row).await? {
            return Ok(status_of(month, &row));
        }
        Ok(BudgetStatus {
            month,
            limit: periods::limit_of(self.db.read(), user_id).await?,
            spent: Nanos::ZERO,
            held: Nanos::ZERO,
            resets_at: month.ends_at(),
            rev: 0,
        })
    }

    /// Why nothing at all would be admitted for this user now; `None` when something may be. A look
    /// without a lock: the hold decides.
    pub(crate) async fn exhausted(
        &self,
        user_id: UserId,
    ) -> Result<Option<BudgetRefusal>, DbError> {
        let status = self.status(user_id).await?;
        let (Some(limit), Some(available)) = (status.limit, status.available()) else {
            return Ok(None);
        };
        Ok((available <= Nanos::ZERO).then_some(BudgetRefusal {
            account: Account::User(user_id),
            limit,
            spent: status.spent,
            held: status.held,
            resets_at: status.resets_at,
        }))
    }

    /// The limits of several users; who is missing is unlimited.
    pub(crate) async fn limits(&self, users: &[UserId]) -> Result<HashMap<UserId, Nanos>, DbError> {
        Ok(periods::limits_of(self.db.read(), users).await?)
    }
}

fn status_of(month: Month, row: &entities::money::period::Model) -> BudgetStatus {
    BudgetStatus {
        month,
        limit: row.limit_nanos,
        spent: row.spent_nanos,
        held: row.reserved_nanos,
        resets_at: month.ends_at(),
        rev: row.rev,
    }
}
