use std::sync::Arc;

use chrono::{DateTime, TimeDelta};

use super::{Rates, buckets::Buckets};
use crate::platform::{clock::ManualClock, telemetry::Telemetry};

const STREAMING: &[&str] = &["/api/chat"];

fn rates() -> (Rates, Telemetry, ManualClock) {
    let telemetry = Telemetry::new().unwrap();
    let clock = ManualClock::starting_at(DateTime::UNIX_EPOCH);
    let rates = Rates::new(telemetry.clone(), Arc::new(clock.clone()), STREAMING);
    (rates, telemetry, clock)
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= expected.abs() * 1e-9
}

#[test]
fn rates_are_what_the_counters_rose_by_over_the_time() {
    let (rates, telemetry, clock) = rates();
    telemetry.http_requests.add(["GET", "/a", "200"], 1_000);
    rates.now();
    clock.advance(TimeDelta::seconds(10));
    telemetry.http_requests.add(["GET", "/a", "200"], 180);
    telemetry.http_requests.add(["GET", "/b", "503"], 20);
    telemetry.llm_tokens.add(["m", "completion"], 440);
    telemetry.llm_tokens.add(["m", "prompt"], 9_999);
    telemetry.spend_nanodollars.add(["gemini", "m"], 5_000_000);
    telemetry.streams_ended.add(["chat", "capacity"], 2);
    let now = rates.now();
    assert!(close(now.requests_per_s, 20.0), "{now:?}");
    assert_eq!(now.error_ratio, Some(0.1));
    assert!(close(now.tokens_out_per_s, 44.0), "{now:?}");
    assert!(close(now.spend_nanos_per_min, 30_000_000.0), "{now:?}");
    assert!(close(now.refused_1m, 2.0), "{now:?}");
}

#[test]
fn the_window_moves_and_quiet_is_no_error_ratio() {
    let (rates, telemetry, clock) = rates();
    rates.now();
    for _ in 0..30 {
        clock.advance(TimeDelta::seconds(1));
        telemetry.http_requests.add(["GET", "/a", "200"], 5);
        rates.now();
    }
    assert!(close(rates.now().requests_per_s, 5.0));
    for _ in 0..12 {
        clock.advance(TimeDelta::seconds(1));
        rates.now();
    }
    let quiet = rates.now();
    assert!(quiet.requests_per_s.abs() < 1e-9, "{quiet:?}");
    assert_eq!(quiet.error_ratio, None);
    assert_eq!(quiet.latency.p50, None);
}

#[test]
fn percentiles_are_those_of_histogram_quantile_without_streams() {
    let (rates, telemetry, clock) = rates();
    rates.now();
    clock.advance(TimeDelta::seconds(10));
    // 100 observations under 0.25, of which 90 under 0.1.
    for _ in 0..90 {
        telemetry.http_request_seconds.record(["GET", "/a"], 0.08);
    }
    for _ in 0..10 {
        telemetry.http_request_seconds.record(["GET", "/a"], 0.2);
    }
    for _ in 0..500 {
        let stream = ["POST", "/api/chat"];
        telemetry.http_request_seconds.record(stream, 9.0);
    }
    let now = rates.now();
    // The bucket from 0.075 to 0.1 has 90; rank 50 is 50/90 of the way.
    assert!(close(now.latency.p50.unwrap(), 0.075 + 0.025 * 50.0 / 90.0));
    assert!(close(now.latency.p95.unwrap(), 0.1 + 0.15 * 0.5));
}

#[test]
fn a_provider_is_told_over_all_steps() {
    let (rates, telemetry, clock) = rates();
    let ok = ["chat", "gemini", "m", ""];
    rates.step();
    for step in 0..3 {
        clock.advance(TimeDelta::seconds(10));
        for _ in 0..=step {
            telemetry.gen_ai_operation_seconds.record(ok, 0.5);
        }
        rates.step();
    }
    let failed = ["chat", "gemini", "m", "timeout"];
    telemetry.gen_ai_operation_seconds.record(failed, 2.0);
    let provider = rates.provider("gemini");
    assert!(close(provider.calls, 7.0), "{provider:?}");
    assert!(close(provider.error_ratio.unwrap(), 1.0 / 7.0));
    assert_eq!(provider.series, [Some(0.5), Some(0.5), Some(0.5)]);
    assert_eq!(rates.provider("openai").error_ratio, None);
    assert_eq!(rates.series().len(), 3);
}

#[test]
fn beyond_the_last_bound_the_percentile_is_that_bound() {
    let mut buckets = Buckets::default();
    buckets.add("10", 0.0);
    buckets.add("+Inf", 4.0);
    assert_eq!(buckets.quantile(0.5), Some(10.0));
    assert_eq!(Buckets::default().quantile(0.5), None);
}
