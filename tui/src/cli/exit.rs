//! How a command went, for scripts.

use std::io::Write as _;
use std::process::ExitCode;

use api::console::JobState;

use crate::client::Failure;
use crate::client::credentials::CredentialsError;
use crate::client::http::ClientError;
use crate::config::ConfigError;
use crate::runtime::RuntimeError;
use crate::runtime::export::ExportError;

/// The documented codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Server = 1,
    Usage = 2,
    SignIn = 3,
    Refused = 4,
    NotFound = 5,
    Conflict = 6,
    Limited = 7,
    Network = 8,
    Partly = 9,
    Alarms = 10,
    JobFailed = 11,
    Interrupted = 130,
}

/// Printed below the help, and in the manual page.
pub(super) const HELP: &str = "\
Exit codes:
    0  done
    1  the server failed
    2  the command line or the settings are wrong
    3  sign in first: binnacle-tui login
    4  refused (402, 403)
    5  not found
    6  conflict, or the preview changed
    7  limited or unavailable
    8  no answer from the server
    9  part of a bulk act was skipped
   10  there are alarms (alarms check)
   11  a job that was waited for did not succeed (--wait)
  130  interrupted";

/// The codes of [`HELP`], each with what it means.
pub(super) fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = HELP.lines().skip(1);
    lines.filter_map(|line| line.trim_start().split_once("  "))
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Config(#[from] ConfigError),
    #[error("{0}")]
    Client(#[from] ClientError),
    #[error("{0}")]
    Credentials(#[from] CredentialsError),
    #[error("{0}")]
    Failure(#[from] Failure),
    #[error("{0}")]
    Export(#[from] ExportError),
    #[error("{0}")]
    Runtime(#[from] RuntimeError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Usage(String),
    #[error("not done: this is to change nothing (--read-only, or the context says so)")]
    ReadOnly,
    #[error("not done: it was not confirmed")]
    NotConfirmed,
    #[error("job {id} is {state}")]
    JobFailed { id: i64, state: JobState },
}

impl CliError {
    /// The code that says so.
    pub fn exit(&self) -> Exit {
        match self {
            CliError::Failure(failure) | CliError::Export(ExportError::Server(failure)) => {
                of_failure(failure)
            }
            CliError::Config(_)
            | CliError::Usage(_)
            | CliError::Client(_)
            | CliError::Runtime(RuntimeError::Client(_)) => Exit::Usage,
            CliError::Credentials(_) => Exit::SignIn,
            CliError::NotConfirmed | CliError::ReadOnly => Exit::Refused,
            CliError::JobFailed { .. } => Exit::JobFailed,
            CliError::Export(_) | CliError::Runtime(_) | CliError::Io(_) => Exit::Server,
        }
    }
}

fn of_failure(failure: &Failure) -> Exit {
    match failure {
        Failure::SignIn | Failure::Credentials(_) => Exit::SignIn,
        Failure::Network { .. } | Failure::TimedOut { .. } => Exit::Network,
        Failure::Unreadable { .. } => Exit::Server,
        Failure::Pointless(_) => Exit::Conflict,
        Failure::Refused { status, .. } => match status {
            400 | 413 | 415 | 422 => Exit::Usage,
            401 => Exit::SignIn,
            402 | 403 => Exit::Refused,
            404 => Exit::NotFound,
            409 | 412 => Exit::Conflict,
            429 | 503 => Exit::Limited,
            _ => Exit::Server,
        },
    }
}

/// Says something to the person, not to the next program.
pub(super) fn tell(text: &str) {
    let text = crate::text::clean::clean(text);
    // Nobody reads it: there is nothing left to do.
    let _told = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let refused = |status| {
            CliError::Failure(Failure::Refused {
                status,
                code: String::new(),
                detail: String::new(),
                field: None,
                retry_after_s: None,
                request_id: None,
            })
            .exit()
        };
        let codes = [401, 403, 404, 409, 422, 429, 500, 503].map(refused);
        let expected = [
            Exit::SignIn,
            Exit::Refused,
            Exit::NotFound,
            Exit::Conflict,
            Exit::Usage,
            Exit::Limited,
            Exit::Server,
            Exit::Limited,
        ];
        assert_eq!(codes, expected);
        let paged: Vec<&str> = super::codes().map(|(code, _)| code).collect();
        assert_eq!(paged.first(), Some(&"0"));
        assert_eq!(paged.last(), Some(&"130"));
        for code in codes {
            assert!(
                paged.contains(&(code as u8).to_string().as_str()),
                "{code:?}"
            );
            assert!(HELP.contains(&format!("\n{:>5}  ", code as u8)), "{code:?}");
        }
    }
}
