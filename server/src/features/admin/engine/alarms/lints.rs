//! The lints: pure, from facts to what is raised.

use api::console::{self as wire, ObjectRef, Severity};
use chrono::{DateTime, TimeDelta, Utc};
use entities::Nanos;

use super::facts::Facts;
use crate::platform::ai::BreakerState;

/// A job should not be ready for longer than this.
const QUEUED_TOO_LONG: TimeDelta = TimeDelta::minutes(5);
/// Fewer failures than this a day are no alarm, whatever the week was like.
const FEW_FAILURES: i64 = 3;
/// A share of fewer requests or calls says little.
const FEW: f64 = 20.0;
const ERROR_RATIO: f64 = 0.05;
const PROVIDER_ERROR_RATIO: f64 = 0.1;
/// A sweep that is late by this much was missed.
const SWEEP_LATE: TimeDelta = TimeDelta::hours(2);

/// An alarm before it is known since when it lasts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raised {
    pub(super) id: String,
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) object: Option<ObjectRef>,
    pub(super) value: Option<String>,
    /// `None`: since it was first seen.
    pub(super) since: Option<DateTime<Utc>>,
    pub(super) text: String,
}

impl Raised {
    fn new(code: &'static str, severity: Severity, text: impl Into<String>) -> Self {
        Self {
            id: code.to_owned(),
            severity,
            code,
            object: None,
            value: None,
            since: None,
            text: text.into(),
        }
    }

    fn about(mut self, kind: &str, id: impl Into<String>) -> Self {
        let id = id.into();
        self.id = format!("{}:{id}", self.code);
        self.object = Some(ObjectRef {
            kind: kind.to_owned(),
            id,
        });
        self
    }

    fn value(mut self, value: &impl ToString) -> Self {
        self.value = Some(value.to_string());
        self
    }

    /// The alarm, which lasts since `seen` unless the facts know better.
    pub(super) fn since(self, seen: DateTime<Utc>) -> wire::Alarm {
        wire::Alarm {
            id: self.id,
            severity: self.severity,
            code: self.code.to_owned(),
            object: self.object,
            value: self.value,
            since_at: self.since.unwrap_or(seen),
            text: self.text,
        }
    }
}

/// What an admin should look at.
pub(super) fn lint(facts: &Facts) -> Vec<Raised> {
    let mut raised = Vec::new();
    money(facts, &mut raised);
    jobs(facts, &mut raised);
    providers(facts, &mut raised);
    service(facts, &mut raised);
    machinery(facts, &mut raised);
    raised
}

fn money(facts: &Facts, raised: &mut Vec<Raised>) {
    for account in &facts.near_limit {
        let percent = percent(account.used, account.limit);
        let over = account.used >= account.limit;
        let severity = if over { Severity::Bad } else { Severity::Warn };
        let text = format!(
            "{} has used {percent} % of the month's budget",
            account.email
        );
        let alarm = Raised::new("budget_near_limit", severity, text);
        let user = account.user.to_string();
        raised.push(alarm.about("user", user).value(&percent));
    }
    if let Some(limit) = facts.house_limit.filter(|limit| *limit > Nanos::ZERO) {
        let percent = percent(facts.house_used, limit);
        if percent >= 80 {
            let severity = if percent >= 100 {
                Severity::Bad
            } else {
                Severity::Warn
            };
            let text = format!("the house has used {percent} % of its monthly cap");
            raised.push(Raised::new("house_near_limit", severity, text).value(&percent));
        }
    }
    if facts
        .house_line
        .is_some_and(|line| facts.house_used >= line)
    {
        let text = "the month's spend has reached the line that was drawn for the house";
        raised.push(Raised::new("house_line", Severity::Warn, text));
    }
    for forecast in &facts.forecasts {
        let percent = percent(forecast.total, forecast.limit);
        let text = format!(
            "{} will have used {percent} % of the budget at the month's end",
            forecast.email
        );
        let alarm = Raised::new("forecast_over_limit", Severity::Warn, text);
        let user = forecast.user.to_string();
        raised.push(alarm.about("user", user).value(&percent));
    }
    if facts.drift.abs() >= 1.0 {
        let text = format!("the books are off by {} nano-dollars", facts.drift);
        let alarm = Raised::new("ledger_drift", Severity::Bad, text);
        raised.push(alarm.about("check", "ledger").value(&facts.drift));
    }
}

fn jobs(facts: &Facts, raised: &mut Vec<Raised>) {
    let jobs = &facts.jobs;
    if jobs.awaiting_budget > 0 {
        let text = format!(
            "{} jobs wait for their owners' budget",
            jobs.awaiting_budget
        );
        let mut alarm = Raised::new("awaiting_budget", Severity::Warn, text);
        alarm.since = facts.awaiting_budget_since;
        raised.push(alarm.value(&jobs.awaiting_budget));
    }
    for silent in &facts.silent {
        let text = format!(
            "job {} ({}) has not been heard of for two heartbeats",
            silent.job, silent.kind
        );
        let alarm = Raised::new("lease_stale", Severity::Warn, text);
        raised.push(alarm.about("job", silent.job.to_string()));
    }
    let oldest = jobs.oldest_queued;
    if let Some(since) = oldest.filter(|since| facts.now - *since > QUEUED_TOO_LONG) {
        let text = "a job has been ready for more than 5 minutes and no worker takes it";
        let mut alarm = Raised::new("queue_slow", Severity::Warn, text);
        alarm.since = Some(since + QUEUED_TOO_LONG);
        raised.push(alarm.value(&jobs.queued));
    }
    let usual = i32::try_from(jobs.failed_24h).map_or(f64::MAX, f64::from);
    if jobs.failed_24h >= FEW_FAILURES && usual > 3.0 * jobs.failed_median_7d {
        let text = format!(
            "{} jobs failed in 24 hours; the week's median is {} a day",
            jobs.failed_24h, jobs.failed_median_7d
        );
        let alarm = Raised::new("failures_high", Severity::Warn, text);
        raised.push(alarm.value(&jobs.failed_24h));
    }
}

fn providers(facts: &Facts, raised: &mut Vec<Raised>) {
    for provider in &facts.providers {
        let name = provider.name.as_str();
        let word = match provider.breaker {
            BreakerState::Closed => None,
            BreakerState::Open => Some((Severity::Bad, "open")),
            BreakerState::HalfOpen => Some((Severity::Warn, "half-open")),
        };
        if let Some((severity, word)) = word {
            let text = format!("provider {name} breaker {word}");
            let mut alarm = Raised::new("breaker_not_closed", severity, text);
            alarm.since = provider.since;
            let state = provider.breaker.as_str();
            raised.push(alarm.about("provider", name).value(&state));
        }
        let ratio = provider.rates.error_ratio.unwrap_or_default();
        if provider.rates.calls >= FEW && ratio > PROVIDER_ERROR_RATIO {
            let text = format!("more than 10 % of the calls to {name} fail");
            let alarm = Raised::new("provider_errors", Severity::Warn, text);
            raised.push(alarm.about("provider", name));
        }
    }
}

fn service(facts: &Facts, raised: &mut Vec<Raised>) {
    let enough = facts.requests_per_s * 10.0 >= FEW;
    if enough && facts.error_ratio.unwrap_or_default() > ERROR_RATIO {
        let text = "more than 5 % of the requests fail";
        raised.push(Raised::new("errors_high", Severity::Bad, text));
    }
    if facts.streams_open * 10 > facts.streams_capacity * 9 {
        let text = format!(
            "{} of {} answers that may run at once are under way",
            facts.streams_open, facts.streams_capacity
        );
        let alarm = Raised::new("capacity", Severity::Warn, text);
        raised.push(alarm.value(&facts.streams_open));
    }
    if facts.refused_1m >= 1.0 {
        let text = "questions were refused for want of capacity within the last minute";
        let alarm = Raised::new("refusals", Severity::Warn, text);
        raised.push(alarm.value(&facts.refused_1m));
    }
}

fn machinery(facts: &Facts, raised: &mut Vec<Raised>) {
    let late = |due: &DateTime<Utc>| facts.now - *due > SWEEP_LATE;
    if let Some(due) = facts.sweep_due.filter(late) {
        let text = "what is past its time has not been deleted when it was due";
        let mut alarm = Raised::new("sweep_missed", Severity::Warn, text);
        alarm.since = Some(due);
        raised.push(alarm);
    }
    if !facts.chain_holds {
        let text = "the audit log is not as it was written";
        let alarm = Raised::new("chain_broken", Severity::Bad, text);
        raised.push(alarm.about("check", "audit"));
    }
    let ours = env!("CARGO_PKG_VERSION");
    for (id, version) in &facts.versions {
        if version != ours {
            let text = format!("a process runs version {version}, this one {ours}");
            let alarm = Raised::new("version_skew", Severity::Warn, text);
            raised.push(alarm.about("process", id.clone()).value(&version));
        }
    }
    if facts.pending_migrations > 0 {
        let text = "the schema is older than this program: run `binnacle migrate`";
        let alarm = Raised::new("migration_pending", Severity::Warn, text);
        raised.push(alarm.value(&facts.pending_migrations));
    }
    if let Some(disk) = facts.disk
        && disk.free < disk.bytes / 10
    {
        let severity = if disk.free < disk.bytes / 50 {
            Severity::Bad
        } else {
            Severity::Warn
        };
        let text = "less than a tenth of the disk of stored files is free";
        let alarm = Raised::new("disk_full", severity, text);
        raised.push(alarm.about("store", "blobs"));
    }
}

/// Whole percent, rounded down.
fn percent(used: Nanos, limit: Nanos) -> i128 {
    i128::from(used.0) * 100 / i128::from(limit.0.max(1))
}

#[cfg(test)]
#[path = "lints_tests.rs"]
mod tests;
