//! The statements on the tables of money: budgets, periods, holds, the ledger.

pub(super) mod at_once;
pub(super) mod charges;
pub(super) mod columns;
pub(super) mod defaults;
pub(super) mod drift;
#[cfg(test)]
pub(super) mod fixtures;
pub(super) mod holds;
pub(super) mod ledger;
pub(super) mod overview;
pub(super) mod periods;
pub(super) mod retention;
pub(super) mod spend;

/// A count as a column holds it.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
