//! What every feature inherits: time, settings, stores, the edge, identity, money, jobs, streams.
//! Nothing here knows a feature by name.

pub(crate) mod ai;
pub(crate) mod budgets;
pub(crate) mod outbound;
