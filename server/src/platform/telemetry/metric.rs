//! Metrics as values: declared once in the catalogue, recorded only through it.

use std::{ops::Deref, sync::Arc};

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;
use parking_lot::RwLock;

use super::labels::OTHER;

const METADATA: Metadata<'static> = Metadata::new("binnacle", Level::INFO, None);

/// What is known of a metric before anything is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) help: &'static str,
    pub(crate) labels: &'static [&'static str],
    /// The series known from the start, by the values of their labels.
    pub(crate) known: &'static [&'static [&'static str]],
}

/// The Prometheus type; a histogram names its buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram(&'static [f64]),
}

/// Where series live; one for each application, so that two in one process stay apart.
#[derive(Clone)]
pub(super) struct Series {
    recorder: Arc<PrometheusRecorder>,
    records: bool,
}

impl Series {
    /// Without `records` nothing is ever recorded: what a server costs without its metrics.
    pub(super) fn new(recorder: PrometheusRecorder, records: bool) -> Self {
        Self {
            recorder: Arc::new(recorder),
            records,
        }
    }
}

impl Deref for Series {
    type Target = PrometheusRecorder;

    fn deref(&self) -> &PrometheusRecorder {
        &self.recorder
    }
}

fn key<const N: usize>(declaration: &Declaration, values: [&str; N]) -> Key {
    let labels = declaration
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| {
            let allowed = declaration.allows(name, value);
            debug_assert!(allowed, "{}: {name}={value:?}", declaration.name);
            Label::new(*name, if allowed { value } else { OTHER }.to_owned())
        })
        .collect::<Vec<_>>();
    Key::from_parts(declaration.name, labels)
}

/// The series of one metric that have been used, found without making a key of their labels: a
/// request records a dozen observations.
struct Used<H, const N: usize>(RwLock<Vec<([Box<str>; N], H)>>);

impl<H, const N: usize> Used<H, N> {
    const fn none() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    /// Calls `record` with the handle of the series of these label values.
    fn with(&self, values: [&str; N], register: impl FnOnce() -> H, record: impl FnOnce(&H)) {
        {
            let used = self.0.read();
            if let Ok(place) = find(&used, &values) {
                record(&used[place].1);
                return;
            }
        }
        let mut used = self.0.write();
        let place = match find(&used, &values) {
            Ok(place) => place,
            Err(place) => {
                used.insert(place, (values.map(Box::from), register()));
                place
            }
        };
        record(&used[place].1);
    }
}

fn find<H, const N: usize>(
    used: &[([Box<str>; N], H)],
    values: &[&str; N],
) -> Result<usize, usize> {
    used.binary_search_by(|(known, _)| known.iter().map(|value| &**value).cmp(*values))
}

/// A count that only rises, with `N` labels.
pub(crate) struct Counter<const N: usize> {
    series: Series,
    declaration: &'static Declaration,
    used: Used<metrics::Counter, N>,
}

impl<const N: usize> Counter<N> {
    pub(super) fn new(series: &Series, declaration: &'static Declaration) -> Self {
        Self {
            series: series.clone(),
            declaration,
            used: Used::none(),
        }
    }

    /// Adds `amount` to the series of these label values.
    pub(crate) fn add(&self, values: [&str; N], amount: u64) {
        if !self.series.records {
            return;
        }
        let register = || {
            let key = key(self.declaration, values);
            self.series.register_counter(&key, &METADATA)
        };
        self.used
            .with(values, register, |counter| counter.increment(amount));
    }

    /// Adds one.
    pub(crate) fn increment(&self, values: [&str; N]) {
        self.add(values, 1);
    }
}

/// A level that rises and falls, with `N` labels.
pub(crate) struct Gauge<const N: usize> {
    series: Series,
    declaration: &'static Declaration,
    used: Used<metrics::Gauge, N>,
}

impl<const N: usize> Gauge<N> {
    pub(super) fn new(series: &Series, declaration: &'static Declaration) -> Self {
        Self {
            series: series.clone(),
            declaration,
            used: Used::none(),
        }
    }

    /// Sets the level.
    pub(crate) fn set(&self, values: [&str; N], level: f64) {
        self.with(values, |gauge| gauge.set(level));
    }

    /// Raises or lowers the level.
    pub(crate) fn add(&self, values: [&str; N], step: f64) {
        self.with(values, |gauge| gauge.increment(step));
    }

    fn with(&self, values: [&str; N], record: impl FnOnce(&metrics::Gauge)) {
        if !self.series.records {
            return;
        }
        let register = || {
            let key = key(self.declaration, values);
            self.series.register_gauge(&key, &METADATA)
        };
        self.used.with(values, register, record);
    }
}

/// A distribution, with `N` labels.
pub(crate) struct Histogram<const N: usize> {
    series: Series,
    declaration: &'static Declaration,
    used: Used<metrics::Histogram, N>,
}

impl<const N: usize> Histogram<N> {
    pub(super) fn new(series: &Series, declaration: &'static Declaration) -> Self {
        Self {
            series: series.clone(),
            declaration,
            used: Used::none(),
        }
    }

    /// Records one observation, in the metric's base unit.
    pub(crate) fn record(&self, values: [&str; N], observation: f64) {
        if !self.series.records {
            return;
        }
        let register = || {
            let key = key(self.declaration, values);
            self.series.register_histogram(&key, &METADATA)
        };
        self.used
            .with(values, register, |histogram| histogram.record(observation));
    }
}
