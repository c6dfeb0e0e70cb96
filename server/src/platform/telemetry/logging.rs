//! Logs: one JSON object a line on stdout, or readable lines on a terminal.

use std::{
    io::IsTerminal,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt, FilterFn, LevelFilter},
    layer::{Context, SubscriberExt},
    reload,
};

use super::{
    lines::{Lines, Shape},
    panics,
    redact::Redactor,
    sink::Sink,
    traces,
};
use crate::platform::{
    config::{LogFormat, TelemetryConfig},
    outbound::OutboundError,
};

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    Stdout,
    /// For commands whose output is their result.
    Stderr,
}

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoggingError {
    #[error("the thread that writes the log cannot start: {0}")]
    Thread(std::io::Error),
    #[error(transparent)]
    Traces(#[from] OutboundError),
}

impl LogTarget {
    fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => std::io::stdout().is_terminal(),
            Self::Stderr => std::io::stderr().is_terminal(),
        }
    }
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

/// Starts logging for the whole process, of its panics too, and traces where a collector is configured; a second call
/// changes nothing. Directives that cannot be read are taken as `info`.
pub(crate) fn start(config: &TelemetryConfig, target: LogTarget) -> Result<(), LoggingError> {
    // Commands do one thing and end: what they did is their output.
    let traces = config
        .traces
        .as_ref()
        .filter(|_| target == LogTarget::Stdout && FILTER.get().is_none())
        .map(traces::layer)
        .transpose()?;
    let shape = match config.log_format {
        LogFormat::Pretty => Shape::Pretty,
        LogFormat::Auto if target.is_terminal() => Shape::Pretty,
        LogFormat::Json | LogFormat::Auto => Shape::Json,
    };
    let sink = match target {
        LogTarget::Stdout => Sink::stdout().map_err(LoggingError::Thread)?,
        LogTarget::Stderr => Sink::Stderr,
    };
    let lines = Lines {
        shape,
        sink,
        redactor: Redactor::new(&config.secrets),
    };
    install(lines, &config.log_level, traces);
    panics::log_them();
    Ok(())
}

/// Logs warnings alone, for a person, beside the output of a command.
pub(crate) fn start_quiet() {
    let lines = Lines {
        shape: Shape::Pretty,
        sink: Sink::Stderr,
        redactor: Redactor::new(&[]),
    };
    install(lines, "warn", None);
}

fn is_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn install(lines: Lines, directives: &str, traces: Option<BoxedLayer>) {
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    // Lines take their ids from spans, however little is logged: from those for a collector too, since
    // work for another task, such as a commit, is done within the inner one alone.
    let spans = traces::for_lines(traces.is_some());
    // A level alone, such as `info`, would want every span of every library.
    let events = filter.and(FilterFn::new(is_event));
    let filter = events.or(spans);
    let mut layers: Vec<BoxedLayer> = vec![
        lines.with_filter(filter).boxed(),
        // Filtered too: what one layer wants, every library makes, down to its trace spans.
        CountLines.with_filter(LevelFilter::WARN).boxed(),
    ];
    layers.extend(traces);
    let subscriber = Registry::default().with(layers);
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
