//! What the engine tells those who count.

use std::time::Duration;

/// How a run ended, as a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunResult {
    /// Succeeded.
    Ok,
    /// Failed, to be tried again.
    Retry,
    /// Failed for good.
    Dead,
    /// Stopped by its owner or an admin.
    Cancelled,
    /// The lease was lost: the result was thrown away.
    Fenced,
    /// Waits for money.
    AwaitingBudget,
    /// Waits for a person.
    AwaitingInput,
    /// Given back at shutdown.
    GivenBack,
}

impl RunResult {
    /// Every result, so that each is exported from the start.
    pub(crate) const ALL: [Self; 8] = [
        Self::Ok,
        Self::Retry,
        Self::Dead,
        Self::Cancelled,
        Self::Fenced,
        Self::AwaitingBudget,
        Self::AwaitingInput,
        Self::GivenBack,
    ];

    /// The word of the label.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Retry => "retry",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Fenced => "fenced",
            Self::AwaitingBudget => "awaiting_budget",
            Self::AwaitingInput => "awaiting_input",
            Self::GivenBack => "given_back",
        }
    }
}

/// Told of what happens; every method is called after the commit it tells of. `kind` is a
/// registered kind or `unknown`.
pub(crate) trait JobObserver: Send + Sync {
    /// A job was added.
    fn enqueued(&self, kind: &'static str);
    /// A run began; the job had been ready for `waited`.
    fn started(&self, kind: &'static str, waited: Duration);
    /// A run ended after `took`.
    fn finished(&self, kind: &'static str, result: RunResult, took: Duration);
    /// A lost lease was found; `dead` when it was one too many.
    fn rescued(&self, kind: &'static str, dead: bool);
    /// This process noticed that it no longer holds a job that it runs.
    fn lease_lost(&self, kind: &'static str);
}

/// Counts nothing.
#[cfg(test)]
pub(crate) struct Unobserved;

#[cfg(test)]
impl JobObserver for Unobserved {
    fn enqueued(&self, _kind: &'static str) {}
    fn started(&self, _kind: &'static str, _waited: Duration) {}
    fn finished(&self, _kind: &'static str, _result: RunResult, _took: Duration) {}
    fn rescued(&self, _kind: &'static str, _dead: bool) {}
    fn lease_lost(&self, _kind: &'static str) {}
}
