//! What becomes of money, told after the commit: the hook for metrics.

use entities::Nanos;

/// How a hold ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resolution {
    /// Charged at the actual cost.
    Settled,
    /// Given back by its owner.
    Voided,
    /// Its owner died before the call: given back.
    ExpiredVoid,
    /// Its owner died during the call: charged by estimate.
    ExpiredPosted,
}

/// Told what happened to holds. Called after the commit, never within a transaction, which may run
/// again.
pub(crate) trait BudgetObserver: Send + Sync {
    /// A call was admitted.
    fn reserved(&self);
    /// A call was refused for want of money.
    fn denied(&self);
    /// A hold ended.
    fn resolved(&self, resolution: Resolution);
    /// A ledger entry was written; `overrun` is how far it went beyond its hold.
    fn charged(&self, provider: &str, model: &str, amount: Nanos, overrun: Nanos);
    /// A hold was dropped without an end: a bug, mended by the lease.
    fn unsettled(&self);
}

/// Tells nobody.
#[cfg(test)]
pub(crate) struct Unobserved;

#[cfg(test)]
impl BudgetObserver for Unobserved {
    fn reserved(&self) {}
    fn denied(&self) {}
    fn resolved(&self, _resolution: Resolution) {}
    fn charged(&self, _provider: &str, _model: &str, _amount: Nanos, _overrun: Nanos) {}
    fn unsettled(&self) {}
}
