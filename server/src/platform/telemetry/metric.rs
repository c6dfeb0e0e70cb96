//! Metrics as values: declared once in the catalogue, recorded only through it.

use std::sync::Arc;

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;

const METADATA: Metadata<'static> = Metadata::new("binnacle", Level::INFO, None);

/// What is known of a metric before anything is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    pub(crate) labels: &'static [&'static str],
}

/// The Prometheus type; a histogram names its buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

/// Where series live; one for each application, so that two in one process stay apart.
pub(super) type Series = Arc<PrometheusRecorder>;

fn key<const N: usize>(declaration: &Declaration, values: [&str; N]) -> Key {
    let labels = declaration
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| Label::new(*name, value.to_owned()))
        .collect::<Vec<_>>();
    Key::from_parts(declaration.name, labels)
}

/// A count that only rises, with `N` labels.
pub(crate) struct Counter<const N: usize> {
    pub(super) series: Series,
    pub(super) declaration: &'static Declaration,
}

impl<const N: usize> Counter<N> {
    /// Adds `amount` to the series of these label values.
    pub(crate) fn add(&self, values: [&str; N], amount: u64) {
        self.series
            .register_counter(&key(self.declaration, values), &METADATA)
            .increment(amount);
    }

    /// Adds one.
    pub(crate) fn increment(&self, values: [&str; N]) {
        self.add(values, 1);
    }
}

/// A level that rises and falls, with `N` labels.
pub(crate) struct Gauge<const N: usize> {
    pub(super) series: Series,
    pub(super) declaration: &'static Declaration,
}

impl<const N: usize> Gauge<N> {
    /// Sets the level.
    pub(crate) fn set(&self, values: [&str; N], level: f64) {
        self.series
            .register_gauge(&key(self.declaration, values), &METADATA)
            .set(level);
    }

    /// Raises or lowers the level.
    pub(crate) fn add(&self, values: [&str; N], step: f64) {
        self.series
            .register_gauge(&key(self.declaration, values), &METADATA)
            .increment(step);
    }
}

/// A distribution, with `N` labels.
pub(crate) struct Histogram<const N: usize> {
    pub(super) series: Series,
    pub(super) declaration: &'static Declaration,
}

impl<const N: usize> Histogram<N> {
    /// Records one observation, in the metric's base unit.
    pub(crate) fn record(&self, values: [&str; N], observation: f64) {
        self.series
            .register_histogram(&key(self.declaration, values), &METADATA)
            .record(observation);
    }
}
