//! The house in numbers.

use std::time::Duration;

use api::console as wire;

use super::{Engine, error::EngineError, reading::whole};
use crate::platform::{
    jobs::JobVitals,
    rates::{Quantiles, RateStep},
};

/// How old the numbers of the queue may be.
const VITALS: Duration = Duration::from_millis(1_500);

impl Engine {
    /// The numbers now.
    pub(super) async fn pulse(&self) -> Result<wire::Pulse, EngineError> {
        let parts = &self.0.parts;
        let vitals = self.vitals().await?;
        let now = parts.rates.now();
        let (open, capacity) = parts.streams.load();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(wire::Pulse {
            at: now.at,
            window_s: i64::try_from(now.window.as_secs()).unwrap_or(i64::MAX),
            requests_per_s: tenth(now.requests_per_s),
            error_ratio: now.error_ratio,
            latency_ms: milliseconds(now.latency),
            first_token_ms: milliseconds(now.first_token),
            tokens_out_per_s: tenth(now.tokens_out_per_s),
            spend_nanos_per_min: whole(now.spend_nanos_per_min).unwrap_or(i64::MAX),
            held_nanos: whole(now.held_nanos).unwrap_or(i64::MAX),
            holds: whole(now.holds).unwrap_or(i64::MAX),
            drift_nanos: whole(now.drift_nanos).unwrap_or(i64::MAX),
            streams: wire::StreamsPulse {
                open: count(open),
                capacity: count(capacity),
                refused_1m: whole(now.refused_1m).unwrap_or(i64::MAX),
                resumed_1m: whole(now.resumed_1m).unwrap_or(i64::MAX),
            },
            jobs: jobs(&vitals, now.at),
        })
    }

    /// The queue, as it was a moment ago.
    pub(super) async fn vitals(&self) -> Result<JobVitals, EngineError> {
        let ask = self.0.parts.jobs.vitals();
        Ok(self.0.kept.vitals.get(VITALS, ask).await?)
    }

    /// The last ten minutes, 60 steps; those before the process began are empty.
    pub(super) fn series(&self) -> Vec<wire::SeriesPoint> {
        const STEPS: usize = 60;
        let steps = self.0.parts.rates.series();
        let now = self.0.parts.clock.now();
        let first = steps.first().map_or(now, |step| step.at);
        let step = i64::try_from(crate::platform::rates::STEP.as_secs()).unwrap_or(10);
        let missing = STEPS.saturating_sub(steps.len());
        let blanks = (1..=missing).rev().map(|back| {
            let back = i64::try_from(back).unwrap_or(0);
            wire::SeriesPoint {
                at: first - chrono::TimeDelta::seconds(step * back),
                requests_per_s: None,
                error_ratio: None,
                tokens_out_per_s: None,
                streams_open: None,
                jobs_queued: None,
            }
        });
        blanks.chain(steps.iter().map(point)).collect()
    }
}

fn point(step: &RateStep) -> wire::SeriesPoint {
    wire::SeriesPoint {
        at: step.at,
        requests_per_s: Some(tenth(step.requests_per_s)),
        error_ratio: step.error_ratio,
        tokens_out_per_s: Some(tenth(step.tokens_out_per_s)),
        streams_open: whole(step.streams_open),
        jobs_queued: whole(step.jobs_queued),
    }
}

fn jobs(vitals: &JobVitals, now: chrono::DateTime<chrono::Utc>) -> wire::JobsPulse {
    wire::JobsPulse {
        queued: vitals.queued,
        running: vitals.running,
        slots: vitals.slots,
        retrying: vitals.retrying,
        next_retry_at: vitals.next_retry_at,
        awaiting_budget: vitals.awaiting_budget,
        awaiting_input: vitals.awaiting_input,
        failed_24h: vitals.failed_24h,
        failed_median_7d: vitals.failed_median_7d,
        oldest_queued_s: vitals
            .oldest_queued
            .map(|since| (now - since).num_seconds().max(0)),
    }
}

/// Seconds as milliseconds.
pub(super) fn milliseconds(seconds: Quantiles) -> wire::Percentiles {
    let ms = |seconds: Option<f64>| seconds.map(|seconds| tenth(seconds * 1_000.0));
    wire::Percentiles {
        p50: ms(seconds.p50),
        p95: ms(seconds.p95),
        p99: ms(seconds.p99),
    }
}

/// To one place after the point.
pub(super) fn tenth(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
