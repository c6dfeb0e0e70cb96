//! What is logged, and how.

use std::str::FromStr;

use secrecy::SecretString;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::reader::{Malformed, Reader};
use super::traces::TracesConfig;
use super::variable::{Section, Variable};

pub(super) const LOG_FORMAT: Variable = Variable::new(
    "LOG_FORMAT",
    "auto",
    "`json`: one object a line; `pretty`: for a person; `auto`: for a person where a terminal \
     reads, else JSON.",
);
pub(super) const LOG_LEVEL: Variable = Variable::new(
    "LOG_LEVEL",
    "info",
    "`error`, `warn`, `info`, `debug` or `trace`, also by part: `info,sqlx=warn`.",
)
.aliases(&["RUST_LOG"]);

pub(super) const SECTION: Section = Section {
    title: "Logs",
    about: "",
    variables: &[LOG_FORMAT, LOG_LEVEL],
};

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct TelemetryConfig {
    pub(crate) log_format: LogFormat,
    /// Directives that `EnvFilter` accepts.
    pub(crate) log_level: String,
    /// `None`: traces are sent nowhere.
    pub(crate) traces: Option<TracesConfig>,
    /// Every secret of the settings: what no line may hold.
    pub(crate) secrets: Vec<SecretString>,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Pretty where a terminal reads, else JSON.
    #[default]
    Auto,
    Json,
    Pretty,
}

impl TelemetryConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            log_format: reader.value(&LOG_FORMAT, parse_format),
            log_level: reader.value(&LOG_LEVEL, parse_level),
            traces: TracesConfig::read(reader),
            secrets: Vec::new(),
        }
    }
}

fn parse_format(text: &str) -> Result<LogFormat, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Ok(LogFormat::Auto),
        "json" => Ok(LogFormat::Json),
        "pretty" => Ok(LogFormat::Pretty),
        _ => Err(Malformed::new(
            "is not a format",
            "Use `auto`, `json` or `pretty`",
        )),
    }
}

fn parse_level(text: &str) -> Result<String, Malformed> {
    // A word alone would be read as the name of a part, whose lines would be all that is left.
    let mut parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let is_misspelt =
        |part: &str| !part.contains(['=', '[']) && LevelFilter::from_str(part).is_err();
    match EnvFilter::try_new(text) {
        Ok(_) if !parts.any(is_misspelt) => Ok(text.to_owned()),
        Ok(_) | Err(_) => Err(Malformed::new(
            "is not a log level",
            "Use `error`, `warn`, `info`, `debug` or `trace`, or directives such as `info,sqlx=warn`",
        )),
    }
}
