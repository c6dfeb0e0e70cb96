//! How a process works the queue.

use std::time::Duration;

use chrono::TimeDelta;

/// How a process works the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobSettings {
    /// Jobs that run at the same time in this process.
    pub(crate) concurrency: usize,
    /// Jobs of one user that run at the same time, over all processes.
    pub(crate) per_user: u32,
    /// How long a silent worker keeps its jobs.
    pub(crate) lease: Duration,
    /// How often leases are renewed; well below half a lease, so that one lost renewal is harmless.
    pub(crate) heartbeat: Duration,
    /// How often the queue is looked at when nothing tells of new work.
    pub(crate) poll: Duration,
    /// How often running jobs are checked for a cancellation from another process.
    pub(crate) cancel_poll: Duration,
    /// How often lost leases are looked for.
    pub(crate) rescue: Duration,
    /// How long a handler may go on after it was cancelled, before it is cut.
    pub(crate) cancel_grace: Duration,
    /// How long handlers may go on at shutdown, before their jobs are given back.
    pub(crate) drain: Duration,
    /// How often a job that waits for money is tried again although nobody raised the budget.
    pub(crate) budget_retry: Duration,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            per_user: 4,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            cancel_poll: Duration::from_millis(500),
            rescue: Duration::from_secs(10),
            cancel_grace: Duration::from_secs(10),
            drain: Duration::from_secs(5),
            budget_retry: Duration::from_hours(6),
        }
    }
}

/// A duration in the calendar's terms. What is longer than a century is a century, so that it can
/// be added to any date.
pub(super) fn delta(duration: Duration) -> TimeDelta {
    const CENTURY: TimeDelta = TimeDelta::days(36_525);
    TimeDelta::from_std(duration).map_or(CENTURY, |delta| delta.min(CENTURY))
}
