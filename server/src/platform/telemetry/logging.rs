//! Logs: one JSON object a line on stdout, or readable lines on a terminal.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::platform::config::LogFormat;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, fmt, layer::Context, layer::SubscriberExt,
    reload,
};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    Stdout,
    /// For commands whose output is their result.
    Stderr,
}

/// The filter of the log that runs.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();
static WARNINGS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// Lines of weight since the process began: warnings, errors.
pub(super) fn counts() -> (u64, u64) {
    (
        WARNINGS.load(Ordering::Relaxed),
        ERRORS.load(Ordering::Relaxed),
    )
}

struct CountLines;

impl<S: Subscriber> Layer<S> for CountLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        match *event.metadata().level() {
            Level::WARN => WARNINGS.fetch_add(1, Ordering::Relaxed),
            Level::ERROR => ERRORS.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

/// Starts logging for the whole process; a second call changes nothing.
///
/// `filter` is a directive list such as `info` or `binnacle=debug,info`; what cannot be read is
/// taken as `info`.
pub(crate) fn start(format: LogFormat, target: LogTarget, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    let writer = move || -> Box<dyn std::io::Write> {
        match target {
            LogTarget::Stdout => Box::new(std::io::stdout()),
            LogTarget::Stderr => Box::new(std::io::stderr()),
        }
    };
    let lines = fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_span_list(false)),
        LogFormat::Pretty => Box::new(lines.compact()),
    };
    let subscriber = Registry::default()
        .with(lines.with_filter(filter))
        // Filtered too: what one layer wants, every library makes, down to its trace spans.
        .with(CountLines.with_filter(LevelFilter::WARN));
    // A second application in the same process keeps the first one's log.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        // The first one's filter is the one that can be changed.
        let _ = FILTER.set(handle);
    }
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    /// Of our own parts; of libraries, what `Info` has.
    Debug,
    /// As `Debug`, with every step.
    Trace,
}

impl LogLevel {
    const fn directives(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "info,binnacle=debug,http=debug",
            Self::Trace => "info,binnacle=trace,http=trace",
        }
    }
}

/// Changes how much this process logs, until it ends. `false`: it has no log of its own.
pub(crate) fn set_level(level: LogLevel) -> bool {
    let filter = EnvFilter::new(level.directives());
    FILTER
        .get()
        .is_some_and(|handle| handle.reload(filter).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_a_filter_that_can_be_read() {
        use LogLevel::{Debug, Error, Info, Trace, Warn};
        for level in [Error, Warn, Info, Debug, Trace] {
            assert!(EnvFilter::try_new(level.directives()).is_ok(), "{level:?}");
        }
    }
}
