//! Setting what a user may spend in a month.

use entities::{Nanos, UserId};
use serde_json::json;

use super::AdminError;
use crate::platform::{
    audit::{Audit, AuditEvent},
    budgets::{BudgetStatus, Budgets},
    db::{Db, DbErr, DbError, Txn},
    jobs::Jobs,
};

/// The highest limit, in dollars.
const MOST_USD: f64 = 99_999_999.99;

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

/// Changes limits, with all that follows from it.
#[derive(Clone)]
pub(super) struct Limits {
    db: Db,
    budgets: Budgets,
    jobs: Jobs,
    audit: Audit,
}

struct Change {
    limits: Limits,
    actor: UserId,
    user: UserId,
    limit: Option<Nanos>,
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

    /// Sets or lifts (`None`) the limit of a user who exists. The limit, the jobs that waited for it and the entry
    /// in the audit log commit together.
    pub(super) async fn set(
        &self,
        actor: UserId,
        user: UserId,
        limit: Option<Nanos>,
    ) -> Result<BudgetStatus, DbError> {
        let change = Change {
            limits: self.clone(),
            actor,
            user,
            limit,
        };
        self.db
            .write(self.budgets.key(user), change, |txn, change| {
                Box::pin(change.apply(txn))
            })
            .await
    }
}

impl Change {
    async fn apply(&self, txn: &Txn) -> Result<BudgetStatus, DbErr> {
        let Limits {
            budgets,
            jobs,
            audit,
            ..
        } = &self.limits;
        let status = budgets.set_limit_in(txn, self.user, self.limit).await?;
        let has_money = status
            .available()
            .is_none_or(|available| available > Nanos::ZERO);
        let resumed = if has_money {
            jobs.resume_awaiting_budget_in(txn, self.user).await?
        } else {
            0
        };
        let event = AuditEvent {
            actor: Some(self.actor),
            action: match self.limit {
                Some(_) => "set_budget",
                None => "clear_budget",
            },
            target_type: Some("user"),
            target_id: Some(self.user.to_string()),
            metadata: json!({
                "monthly_limit_usd": self.limit.map(Nanos::as_usd),
                "resumed_jobs": resumed,
            }),
        };
        audit.record_in(txn, &event).await?;
        Ok(status)
    }
}
