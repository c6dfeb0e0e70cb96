//! What the database has to tell to the metrics.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Told of reads, of transactions of the write door, and of who waits. Implementations must not block.
pub(crate) trait DbObserver: Send + Sync {
    /// A transaction that served so many callers was committed, or failed and was rolled back.
    /// `system` is the database's name in OpenTelemetry's conventions.
    fn transaction(&self, system: &'static str, callers: usize, succeeded: bool, took: Duration);
    /// A read has ended, with the wait for its connection.
    fn read(&self, system: &'static str, succeeded: bool, took: Duration);
    /// A caller waited so long for a connection of this pool, or for its turn to write.
    fn waited(&self, pool: &'static str, waited: Duration);
    /// A caller waited for this pool in vain.
    fn gave_up(&self, pool: &'static str);
    /// Another process held the file for longer than SQLite waits.
    fn busy(&self);
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

    pub(super) fn read(&self, system: &'static str, succeeded: bool, took: Duration) {
        if let Some(observer) = self.0.get() {
            observer.read(system, succeeded, took);
        }
    }

    pub(super) fn waited(&self, pool: &'static str, waited: Duration) {
        if let Some(observer) = self.0.get() {
            observer.waited(pool, waited);
        }
    }

    pub(super) fn gave_up(&self, pool: &'static str) {
        if let Some(observer) = self.0.get() {
            observer.gave_up(pool);
        }
    }

    pub(super) fn busy(&self) {
        if let Some(observer) = self.0.get() {
            observer.busy();
        }
    }
}
