//! What operators see: metrics by a typed catalogue, logs and traces without content.

mod catalogue;
mod labels;
mod lines;
mod logging;
mod metric;
mod panics;
mod redact;
#[cfg(test)]
mod reference;
mod sink;
#[cfg(test)]
mod tests;
pub(crate) mod traces;
mod values;

pub(crate) use catalogue::DECLARATIONS;
#[cfg(test)]
use catalogue::FIELDS;
use catalogue::Metrics;
pub(crate) use logging::{
    LogLevel, LogTarget, set_level, start as start_logging, start_quiet as start_quiet_logging,
};
pub(crate) use metric::{Declaration, Kind};
pub(crate) use sink::flush as flush_logging;
pub(crate) use values::{Series, Values};

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use metrics::{Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The application's metrics and their rendering. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Telemetry(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    series: metric::Series,
    render: PrometheusHandle,
    process: metrics_process::Collector,
    warnings_seen: AtomicU64,
    errors_seen: AtomicU64,
    dropped_seen: AtomicU64,
    spans_seen: [AtomicU64; 3],
}

/// What `BINNACLE_COMMIT` said when this was compiled.
const COMMIT: &str = match option_env!("BINNACLE_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

static RECORDS: AtomicBool = AtomicBool::new(true);

/// Nothing is recorded in this process from now on: for the bench, which compares.
pub(crate) fn record_nothing() {
    RECORDS.store(false, Ordering::Relaxed);
}

/// The catalogue names a histogram without buckets, which Prometheus would show as a summary.
#[derive(Debug, thiserror::Error)]
#[error("the metric {0} has no valid buckets")]
pub(crate) struct InvalidBuckets(&'static str);

impl Telemetry {
    /// A fresh set of metrics, every known series at 0.
    pub(crate) fn new() -> Result<Self, InvalidBuckets> {
        let mut builder = PrometheusBuilder::new();
        for declaration in DECLARATIONS {
            if let Kind::Histogram(buckets) = declaration.kind {
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(declaration.name.to_owned()), buckets)
                    .map_err(|_| InvalidBuckets(declaration.name))?;
            }
        }
        let series = metric::Series::new(builder.build_recorder(), RECORDS.load(Ordering::Relaxed));
        for declaration in DECLARATIONS {
            describe(&series, declaration);
        }
        let process = metrics_process::Collector::default();
        metrics::with_local_recorder(&*series, || process.describe());
        let metrics = Metrics::new(&series);
        metrics
            .build_info
            .set([env!("CARGO_PKG_VERSION"), COMMIT], 1.0);
        let (warnings, errors) = logging::counts();
        Ok(Self(Arc::new(Inner {
            metrics,
            render: series.handle(),
            series,
            process,
            warnings_seen: AtomicU64::new(warnings),
            errors_seen: AtomicU64::new(errors),
            dropped_seen: AtomicU64::new(sink::dropped()),
            spans_seen: traces::counts().map(|(_, spans)| AtomicU64::new(spans)),
        })))
    }

    /// The text exposition format of Prometheus, with the process and runtime read now.
    pub(crate) fn render(&self) -> String {
        metrics::with_local_recorder(&*self.0.series, || self.0.process.collect());
        self.collect_runtime();
        self.collect_log_lines();
        self.collect_spans();
        self.0.render.render()
    }

    /// Folds histogram samples that have piled up; to be called every few seconds.
    pub(crate) fn upkeep(&self) {
        self.0.render.run_upkeep();
    }

    fn collect_runtime(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let runtime = runtime.metrics();
        self.runtime_workers.set([], count(runtime.num_workers()));
        self.runtime_alive_tasks
            .set([], count(runtime.num_alive_tasks()));
        self.runtime_queue_depth
            .set([], count(runtime.global_queue_depth()));
    }

    fn collect_log_lines(&self) {
        let (warnings, errors) = logging::counts();
        for (level, now, seen) in [
            ("warn", warnings, &self.0.warnings_seen),
            ("error", errors, &self.0.errors_seen),
        ] {
            let before = seen.swap(now, Ordering::Relaxed);
            self.log_messages.add([level], now.saturating_sub(before));
        }
        let now = sink::dropped();
        let before = self.0.dropped_seen.swap(now, Ordering::Relaxed);
        self.log_lines_dropped.add([], now.saturating_sub(before));
    }

    fn collect_spans(&self) {
        for ((result, now), seen) in traces::counts().into_iter().zip(&self.0.spans_seen) {
            let before = seen.swap(now, Ordering::Relaxed);
            self.trace_spans.add([result], now.saturating_sub(before));
        }
    }
}

impl Deref for Telemetry {
    type Target = Metrics;

    fn deref(&self) -> &Metrics {
        &self.0.metrics
    }
}

/// A time as metrics give it: seconds since 1970, with fractions.
pub(crate) fn unix_seconds(at: DateTime<Utc>) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "microseconds since 1970 stay below 2^53 until the year 2255"
    )]
    let micros = at.timestamp_micros() as f64;
    micros / 1e6
}

fn describe(series: &metric::Series, declaration: &Declaration) {
    let name = metrics::KeyName::from(declaration.name);
    let help = SharedString::from(declaration.help.trim());
    let unit: Option<Unit> = None;
    match declaration.kind {
        Kind::Counter => series.describe_counter(name, unit, help),
        Kind::Gauge => series.describe_gauge(name, unit, help),
        Kind::Histogram(_) => series.describe_histogram(name, unit, help),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of tasks stay far below 2^53"
)]
fn count(value: usize) -> f64 {
    value as f64
}
