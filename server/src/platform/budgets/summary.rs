//! What a user's month has cost so far: `/api/costs/summary`.

use entities::{Nanos, UserId};

use super::{
    Account, Budgets, ChargeKind, Month,
    queries::{
        ledger,
        periods::{self, Row},
    },
};
use crate::platform::db::DbError;

/// A user's month, from its ledger entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CostSummary {
    pub(crate) month: Month,
    /// Everything but indexing.
    pub(crate) query_cost: Nanos,
    pub(crate) indexing_cost: Nanos,
    pub(crate) prompt_tokens: i64,
    pub(crate) completion_tokens: i64,
    pub(crate) index_tokens: i64,
    /// Reserved for calls under way.
    pub(crate) held: Nanos,
    /// `None` is unlimited.
    pub(crate) monthly_budget: Option<Nanos>,
}

impl CostSummary {
    /// Queries and indexing.
    pub(crate) fn total(&self) -> Nanos {
        self.query_cost.plus(self.indexing_cost)
    }

    /// The budget less what is spent, so that both add up to it; calls under way are not counted.
    /// Never negative: a limit lowered below what is spent leaves nothing. `None` is unlimited.
    pub(crate) fn remaining(&self) -> Option<Nanos> {
        self.monthly_budget
            .map(|budget| budget.minus(self.total()).max(Nanos::ZERO))
    }
}

impl Budgets {
    /// What a user's month has cost so far.
    pub(crate) async fn summary(&self, user_id: UserId) -> Result<CostSummary, DbError> {
        let month = Month::of(self.clock.now());
        let mut summary = CostSummary {
            month,
            query_cost: Nanos::ZERO,
            indexing_cost: Nanos::ZERO,
            prompt_tokens: 0,
            completion_tokens: 0,
            index_tokens: 0,
            held: Nanos::ZERO,
            monthly_budget: None,
        };
        let row = Row::Of(Account::User(user_id), month);
        let Some(period) = periods::find(self.db.read(), row).await? else {
            summary.monthly_budget = periods::limit_of(self.db.read(), user_id).await?;
            return Ok(summary);
        };
        summary.monthly_budget = period.limit_nanos;
        summary.held = period.reserved_nanos;
        for total in ledger::totals(self.db.read(), period.id).await? {
            let cost = if total.kind == ChargeKind::Index.as_str() {
                &mut summary.indexing_cost
            } else {
                &mut summary.query_cost
            };
            *cost = cost.plus(total.amount);
            summary.prompt_tokens += total.prompt_tokens;
            summary.completion_tokens += total.completion_tokens;
            summary.index_tokens += total.index_tokens;
        }
        Ok(summary)
    }
}
