//! Logs: one JSON object a line on stdout, or readable lines on a terminal.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::platform::config::LogFormat;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::LevelFilter, fmt, layer::Context, layer::SubscriberExt,
};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    Stdout,
    /// For commands whose output is their result.
    Stderr,
}

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
    let _ = tracing::subscriber::set_global_default(subscriber);
}
