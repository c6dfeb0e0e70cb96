use entities::Nanos;

use super::{
    super::facts::{Forecast, NearLimit, ProviderFacts, Silent},
    *,
};
use crate::platform::{ai::ProviderName, jobs::JobVitals, rates::ProviderRates, storage::Disk};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A house in which all is well.
fn well() -> Facts {
    Facts {
        now: now(),
        near_limit: Vec::new(),
        house_limit: Some(Nanos(100)),
        house_used: Nanos(79),
        house_line: Some(Nanos(80)),
        forecasts: Vec::new(),
        jobs: JobVitals {
            failed_24h: 2,
            oldest_queued: Some(now() - TimeDelta::minutes(4)),
            ..JobVitals::default()
        },
        awaiting_budget_since: None,
        silent: Vec::new(),
        providers: vec![ProviderFacts {
            name: ProviderName::Gemini,
            breaker: BreakerState::Closed,
            since: None,
            rates: ProviderRates {
                calls: 19.0,
                error_ratio: Some(1.0),
                ..ProviderRates::default()
            },
        }],
        requests_per_s: 1.0,
        error_ratio: Some(1.0),
        drift: 0.0,
        streams_open: 45,
        streams_capacity: 50,
        refused_1m: 0.0,
        sweep_due: Some(now() - TimeDelta::hours(1)),
        chain_holds: true,
        versions: vec![("p".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
        pending_migrations: 0,
        disk: Some(Disk {
            bytes: 100,
            free: 10,
        }),
    }
}

#[test]
fn a_house_that_is_well_raises_nothing() {
    assert_eq!(lint(&well()), []);
}

fn only(change: impl FnOnce(&mut Facts)) -> Raised {
    let mut facts = well();
    change(&mut facts);
    let mut raised = lint(&facts);
    assert_eq!(raised.len(), 1, "{raised:?}");
    raised.remove(0)
}

/// A change of the facts, and the id of the alarm that it raises.
type Case = (fn(&mut Facts), &'static str);

#[test]
fn what_is_near_its_end_says_how_near() {
    let near = |facts: &mut Facts| {
        facts.near_limit = vec![NearLimit {
            user: 7,
            email: "bo@example.org".to_owned(),
            limit: Nanos(1_000),
            used: Nanos(829),
        }];
    };
    assert_eq!(only(near).value.as_deref(), Some("82"));
    let full = |facts: &mut Facts| {
        facts.disk = Some(Disk {
            bytes: 100,
            free: 1,
        });
    };
    assert_eq!(only(full).severity, Severity::Bad);
}

#[test]
fn each_lint_raises_its_own_alarm() {
    let cases: [Case; 17] = [
        (|facts| facts.house_line = Some(Nanos(79)), "house_line"),
        (
            |facts| {
                facts.forecasts = vec![Forecast {
                    user: 7,
                    email: "bo@example.org".to_owned(),
                    limit: Nanos(10),
                    total: Nanos(11),
                }];
            },
            "forecast_over_limit:7",
        ),
        (
            |facts| (facts.house_used, facts.house_line) = (Nanos(80), None),
            "house_near_limit",
        ),
        (|facts| facts.drift = -5.0, "ledger_drift:ledger"),
        (|facts| facts.jobs.awaiting_budget = 2, "awaiting_budget"),
        (
            |facts| {
                facts.silent = vec![Silent {
                    job: 41,
                    kind: "k".to_owned(),
                }];
            },
            "lease_stale:41",
        ),
        (
            |facts| facts.jobs.oldest_queued = Some(now() - TimeDelta::minutes(6)),
            "queue_slow",
        ),
        (|facts| facts.jobs.failed_24h = 3, "failures_high"),
        (
            |facts| facts.providers[0].breaker = BreakerState::HalfOpen,
            "breaker_not_closed:gemini",
        ),
        (
            |facts| facts.providers[0].rates.calls = 20.0,
            "provider_errors:gemini",
        ),
        (|facts| facts.requests_per_s = 2.0, "errors_high"),
        (|facts| facts.streams_open = 46, "capacity"),
        (|facts| facts.refused_1m = 1.0, "refusals"),
        (
            |facts| facts.sweep_due = Some(now() - TimeDelta::hours(3)),
            "sweep_missed",
        ),
        (|facts| facts.chain_holds = false, "chain_broken:audit"),
        (
            |facts| facts.versions[0].1 = "0.0.1".to_owned(),
            "version_skew:p",
        ),
        (|facts| facts.pending_migrations = 1, "migration_pending"),
    ];
    for (change, expected) in cases {
        assert_eq!(only(change).id, expected);
    }
}

#[test]
fn failures_are_held_against_the_week() {
    let mut facts = well();
    (facts.jobs.failed_24h, facts.jobs.failed_median_7d) = (30, 10.0);
    assert_eq!(lint(&facts), []);
    facts.jobs.failed_24h = 31;
    assert_eq!(lint(&facts)[0].code, "failures_high");
}

#[test]
fn who_is_over_the_limit_is_worse_than_who_is_near_it() {
    let severity = |used| {
        let raise = |facts: &mut Facts| {
            facts.near_limit = vec![NearLimit {
                user: 7,
                email: "bo@example.org".to_owned(),
                limit: Nanos(1_000),
                used: Nanos(used),
            }];
        };
        only(raise).severity
    };
    assert_eq!(severity(999), Severity::Warn);
    assert_eq!(severity(1_000), Severity::Bad);
}
