//! Setting what a user may spend in a month.

use entities::{Nanos, UserId};
use serde_json::json;

use super::AdminError;
use crate::platform::{
    audit::{Act, Audit, By, UndoRefusal},
    budgets::{BudgetStatus, Budgets},
    db::{Db, DbErr, Txn},
    jobs::Jobs,
};

/// The highest limit, in dollars.
const MOST_USD: f64 = 99_999_999.99;
/// The same in nano-dollars.
const MOST_NANOS: i64 = 99_999_999_990_000_000;

/// Reads a limit in dollars.
pub(super) fn parse(dollars: f64) -> Result<Nanos, AdminError> {
    let allowed = (0.0..=MOST_USD).contains(&dollars);
    allowed
        .then(|| Nanos::from_usd(dollars))
        .flatten()
        .ok_or_else(|| {
            AdminError::field(
                "monthly_limit_usd",
                "Must be between 0 and 99999999.99 dollars; 0 blocks the user",
            )
        })
}

/// Reads a limit in nano-dollars.
pub(super) fn of_nanos(nanos: i64) -> Result<Nanos, AdminError> {
    of_nanos_in("limit_nanos", nanos)
}

/// As [`of_nanos`], of another field of the request.
pub(super) fn of_nanos_in(field: &'static str, nanos: i64) -> Result<Nanos, AdminError> {
    (0..=MOST_NANOS)
        .contains(&nanos)
        .then_some(Nanos(nanos))
        .ok_or_else(|| {
            AdminError::field(
                field,
                format!("Must be between 0 and {MOST_NANOS} nano-dollars"),
            )
        })
}

/// Changes limits, with all that follows from it.
#[derive(Clone)]
pub(super) struct Limits {
    db: Db,
    budgets: Budgets,
    jobs: Jobs,
    audit: Audit,
}

/// The limit that must stand, or that there is none.
#[derive(Clone, Copy)]
struct Expected {
    limit: Option<Nanos>,
}

struct Change {
    limits: Limits,
    by: By,
    user: UserId,
    limit: Option<Nanos>,
    /// Set only where this stands.
    expected: Option<Expected>,
}

impl Limits {
    pub(super) fn new(db: Db, budgets: Budgets, jobs: Jobs, audit: Audit) -> Self {
        Self {
            db,
            budgets,
            jobs,
            audit,
        }
    }

    /// Sets or lifts (`None`) the limit of a user who exists. The limit, the jobs that waited for it
    /// and the entry in the audit log, whose number is answered, commit together.
    pub(super) async fn set(
        &self,
        by: &By,
        user: UserId,
        limit: Option<Nanos>,
    ) -> Result<(BudgetStatus, i64), AdminError> {
        self.change(by, user, limit, None).await
    }

    /// As [`Limits::set`], where the limit is still `expected`.
    pub(super) async fn replace(
        &self,
        by: &By,
        user: UserId,
        expected: Option<Nanos>,
        limit: Option<Nanos>,
    ) -> Result<(BudgetStatus, i64), AdminError> {
        let expected = Expected { limit: expected };
        self.change(by, user, limit, Some(expected)).await
    }

    async fn change(
        &self,
        by: &By,
        user: UserId,
        limit: Option<Nanos>,
        expected: Option<Expected>,
    ) -> Result<(BudgetStatus, i64), AdminError> {
        let change = Change {
            limits: self.clone(),
            by: by.clone(),
            user,
            limit,
            expected,
        };
        let changed = self
            .db
            .write(self.budgets.key(user), change, |txn, change| {
                Box::pin(change.apply(txn))
            })
            .await?;
        changed.map_err(AdminError::from)
    }
}

impl Change {
    async fn apply(&self, txn: &Txn) -> Result<Result<(BudgetStatus, i64), UndoRefusal>, DbErr> {
        let Limits {
            budgets,
            jobs,
            audit,
            ..
        } = &self.limits;
        let before = budgets.limit_in(txn, self.user).await?;
        let nanos = |limit: Option<Nanos>| json!({"limit_nanos": limit.map(|limit| limit.0)});
        if self
            .expected
            .is_some_and(|expected| expected.limit != before)
        {
            return Ok(Err(UndoRefusal::ChangedSince));
        }
        let refused = audit.refuses_undo_in(txn, &self.by, &nanos(before)).await?;
        if let Some(refusal) = refused {
            return Ok(Err(refusal));
        }
        let status = budgets.set_limit_in(txn, self.user, self.limit).await?;
        let has_money = status
            .available()
            .is_none_or(|available| available > Nanos::ZERO);
        let resumed = if has_money {
            jobs.resume_awaiting_budget_in(txn, self.user).await?
        } else {
            0
        };
        let action = match self.limit {
            Some(_) => "set_budget",
            None => "clear_budget",
        };
        let act = Act::on_user(action, self.user)
            .changing(nanos(before), nanos(self.limit))
            .with("monthly_limit_usd", json!(self.limit.map(Nanos::as_usd)))
            .with("resumed_jobs", resumed);
        let audit_id = audit.record_act_in(txn, &self.by, act).await?;
        Ok(Ok((status, audit_id)))
    }
}
