//! Owned by the platform's budgets. Only the owner queries these tables.

pub mod budget;
pub mod hold;
pub mod ledger_entry;
pub mod money_default;
pub mod period;
