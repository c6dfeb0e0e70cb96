//! The samples that are kept, and what they say.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{
    buckets::Quantiles,
    sample::{ProviderSample, Sample},
};
use crate::platform::{clock::Clock, telemetry::Telemetry};

/// The time between two samples of the series.
pub(crate) const STEP: Duration = Duration::from_secs(10);
/// Steps of the series.
const STEPS: usize = 60;
/// Rates are over this long.
const WINDOW: Duration = Duration::from_secs(10);
/// What is counted by the minute.
const MINUTE: Duration = Duration::from_mins(1);
/// Samples between steps are kept for a minute and a little.
const RECENT: Duration = Duration::from_secs(65);

/// The rates of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rates(Arc<Inner>);

struct Inner {
    telemetry: Telemetry,
    clock: Arc<dyn Clock>,
    streaming: &'static [&'static str],
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// One every [`STEP`], the newest last.
    steps: VecDeque<Sample>,
    /// Those taken while somebody looked.
    recent: VecDeque<Sample>,
}

/// The numbers now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RatesNow {
    pub(crate) at: DateTime<Utc>,
    pub(crate) window: Duration,
    pub(crate) requests_per_s: f64,
    pub(crate) error_ratio: Option<f64>,
    /// Seconds.
    pub(crate) latency: Quantiles,
    /// Seconds.
    pub(crate) first_token: Quantiles,
    pub(crate) tokens_out_per_s: f64,
    pub(crate) spend_nanos_per_min: f64,
    pub(crate) refused_1m: f64,
    pub(crate) resumed_1m: f64,
    pub(crate) held_nanos: f64,
    pub(crate) holds: f64,
    pub(crate) drift_nanos: f64,
}

/// One step of the series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RateStep {
    /// When it began.
    pub(crate) at: DateTime<Utc>,
    pub(crate) requests_per_s: f64,
    pub(crate) error_ratio: Option<f64>,
    pub(crate) tokens_out_per_s: f64,
    pub(crate) streams_open: f64,
    pub(crate) jobs_queued: f64,
}

/// A provider over the whole series.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ProviderRates {
    pub(crate) calls: f64,
    pub(crate) error_ratio: Option<f64>,
    /// Seconds.
    pub(crate) latency: Quantiles,
    /// Seconds.
    pub(crate) first_token: Quantiles,
    pub(crate) spend_nanos: f64,
    /// Mean seconds of a call by step, the oldest first; `None` without calls.
    pub(crate) series: Vec<Option<f64>>,
}

impl Rates {
    /// `streaming` are the routes whose answers last as long as somebody reads.
    pub(crate) fn new(
        telemetry: Telemetry,
        clock: Arc<dyn Clock>,
        streaming: &'static [&'static str],
    ) -> Self {
        Self(Arc::new(Inner {
            telemetry,
            clock,
            streaming,
            kept: Mutex::default(),
        }))
    }

    fn sample(&self) -> Sample {
        let values = self.0.telemetry.values();
        Sample::of(&values, self.0.streaming, self.0.clock.now())
    }

    /// Takes the next sample of the series; to be called every [`STEP`].
    pub(crate) fn step(&self) {
        let sample = self.sample();
        let mut kept = self.0.kept.lock();
        kept.steps.push_back(sample);
        while kept.steps.len() > STEPS + 1 {
            kept.steps.pop_front();
        }
    }

    /// Takes a sample and says what the last seconds were like.
    pub(crate) fn now(&self) -> RatesNow {
        let sample = self.sample();
        let mut kept = self.0.kept.lock();
        let now = kept.since(&sample);
        let old = |known: &Sample| sample.since(known) > RECENT;
        while kept.recent.front().is_some_and(old) {
            kept.recent.pop_front();
        }
        // Two readers within one second need no two samples.
        let fresh = kept
            .recent
            .back()
            .is_none_or(|newest| sample.since(newest) >= Duration::from_millis(500));
        if fresh {
            kept.recent.push_back(sample);
        }
        now
    }

    /// The steps of the last ten minutes, the oldest first.
    pub(crate) fn series(&self) -> Vec<RateStep> {
        let kept = self.0.kept.lock();
        let pairs = kept.steps.iter().zip(kept.steps.iter().skip(1));
        pairs
            .map(|(before, after)| between(before, after))
            .collect()
    }

    /// A provider over the last ten minutes.
    pub(crate) fn provider(&self, name: &str) -> ProviderRates {
        let fresh = Duration::from_millis(1_500);
        let kept = self.0.kept.lock();
        match kept.recent.back() {
            Some(newest) if newest.age(self.0.clock.now()) < fresh => kept.provider(name, newest),
            _ => kept.provider(name, &self.sample()),
        }
    }
}

impl Sample {
    /// How much later it was taken; a clock that was set back says nothing.
    fn since(&self, earlier: &Self) -> Duration {
        earlier.age(self.at)
    }

    fn age(&self, now: DateTime<Utc>) -> Duration {
        (now - self.at).to_std().unwrap_or_default()
    }
}

impl Kept {
    /// The sample to compare with: the newest that is at least `age` older, else the oldest.
    fn before(&self, now: &Sample, age: Duration) -> Option<&Sample> {
        let all = || self.steps.iter().chain(&self.recent);
        // Samples are taken once a second, not to the millisecond.
        let age = age.saturating_sub(Duration::from_millis(250));
        let distance = |sample: &&Sample| now.since(sample);
        all()
            .filter(|sample| distance(sample) >= age)
            .min_by_key(distance)
            .or_else(|| all().max_by_key(distance))
    }

    fn since(&self, now: &Sample) -> RatesNow {
        let before = self.before(now, WINDOW).unwrap_or(now);
        let minute = self.before(now, MINUTE).unwrap_or(now);
        let step = between(before, now);
        let seconds = seconds_between(before, now);
        RatesNow {
            at: now.at,
            window: WINDOW,
            requests_per_s: step.requests_per_s,
            error_ratio: step.error_ratio,
            latency: now.latency.since(&before.latency).quantiles(),
            first_token: now.first_token.since(&before.first_token).quantiles(),
            tokens_out_per_s: step.tokens_out_per_s,
            spend_nanos_per_min: 60.0 * rate(before.spend, now.spend, seconds),
            refused_1m: (now.refused - minute.refused).max(0.0),
            resumed_1m: (now.resumed - minute.resumed).max(0.0),
            held_nanos: now.held,
            holds: now.holds,
            drift_nanos: now.drift,
        }
    }

    fn provider(&self, name: &str, now: &Sample) -> ProviderRates {
        let none = ProviderSample::default();
        let of = |sample: &Sample| sample.providers.get(name).cloned();
        let first = self.steps.front().and_then(of).unwrap_or_default();
        let last = of(now).unwrap_or_default();
        let (calls, errors) = (last.calls - first.calls, last.errors - first.errors);
        let pairs = self.steps.iter().zip(self.steps.iter().skip(1));
        let series = pairs.map(|(before, after)| {
            let before = before.providers.get(name).unwrap_or(&none);
            let after = after.providers.get(name).unwrap_or(&none);
            ratio(after.seconds - before.seconds, after.calls - before.calls)
        });
        ProviderRates {
            calls,
            error_ratio: ratio(errors, calls),
            latency: last.latency.since(&first.latency).quantiles(),
            first_token: last.first_token.since(&first.first_token).quantiles(),
            spend_nanos: last.spend - first.spend,
            series: series.collect(),
        }
    }
}

fn between(before: &Sample, after: &Sample) -> RateStep {
    let seconds = seconds_between(before, after);
    let requests = after.requests - before.requests;
    RateStep {
        at: before.at,
        requests_per_s: rate(before.requests, after.requests, seconds),
        error_ratio: ratio(after.server_errors - before.server_errors, requests),
        tokens_out_per_s: rate(before.tokens_out, after.tokens_out, seconds),
        streams_open: after.streams_open,
        jobs_queued: after.jobs_queued,
    }
}

fn seconds_between(before: &Sample, after: &Sample) -> f64 {
    after.since(before).as_secs_f64()
}

fn rate(before: f64, after: f64, seconds: f64) -> f64 {
    if seconds < 0.1 {
        return 0.0;
    }
    (after - before).max(0.0) / seconds
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| (part / whole).clamp(0.0, f64::INFINITY))
}
