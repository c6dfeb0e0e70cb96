//! What the write door has to tell to the metrics.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Told of every transaction of the write door, after its end. Implementations must not block.
pub(crate) trait DbObserver: Send + Sync {
    /// A transaction that served so many callers was committed, or failed and was rolled back.
    /// `system` is the database's name in OpenTelemetry's conventions.
    fn transaction(&self, system: &'static str, callers: usize, succeeded: bool, took: Duration);
}

/// Who is told; nobody at first.
#[derive(Clone, Default)]
pub(super) struct Observed(Arc<OnceLock<Arc<dyn DbObserver>>>);

impl Observed {
    /// The first observer stays.
    pub(super) fn by(&self, observer: Arc<dyn DbObserver>) {
        let _ = self.0.set(observer);
    }

    pub(super) fn transaction(
        &self,
        system: &'static str,
        callers: usize,
        succeeded: bool,
        took: Duration,
    ) {
        if let Some(observer) = self.0.get() {
            observer.transaction(system, callers, succeeded, took);
        }
    }
}
