//! The command line: one file a command, each of which loads the settings, builds the application
//! and calls one function.

mod accounts;
mod backup;
mod demo;
mod doctor;
mod eval;
mod healthcheck;
mod maintenance;
mod measure_metrics;
mod measure_queue;
mod retention;
mod serve;
mod settings;
mod users;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    app::{App, Schema, StartError, Surroundings},
    platform::{
        config::{Config, EnvSource, Problems},
        telemetry::{LogTarget, flush_logging, start_logging},
    },
};

/// Binnacle: a self-hosted AI workspace, one server you can see inside.
///
/// Settings are environment variables; `docs/configuration.md` lists them.
#[derive(Debug, Parser)]
#[command(name = "binnacle", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests, and work the queue unless JOB_WORKERS_IN_SERVE=false
    Serve(serve::Serve),
    /// Work the queue alone
    Worker,
    /// Bring the database schema to this version
    Migrate,
    /// Make the first admin; does nothing when the address is taken
    CreateFirstAdmin(accounts::CreateFirstAdmin),
    /// Check settings, database, storage, providers, audit chain and ledger
    Doctor(doctor::Doctor),
    /// Ask a running server or worker how it is; exit code 0 or 1
    Healthcheck(healthcheck::Healthcheck),
    /// Show what is set and from where, secrets masked
    Settings(settings::Settings),
    /// Show the main job on sample documents: upload, ask, cited answers, their price
    Demo(demo::Demo),
    /// Delete what has outlived its time, or show what would be deleted
    Retention(retention::Retention),
    /// Erase a user: everything that they made, and what makes their account theirs
    Erase(users::Erase),
    /// Write everything of a user into one file
    Export(users::Export),
    /// Write the house into a folder: database, blobs, checksums; servers go on meanwhile
    Backup(backup::Backup),
    /// Put a backup back: verified first, whole or not at all
    Restore(backup::Restore),
    /// Remove temporary files that a killed process left behind
    CleanupTmp,
    /// Start documents again that have been stuck for so many minutes
    MarkStuck(maintenance::MarkStuck),
    /// Measure retrieval on the evaluation questions
    Eval(eval::Eval),
    /// Measure the queue on an empty database
    #[command(hide = true)]
    MeasureQueue(measure_queue::MeasureQueue),
    /// Measure how long the page of metrics takes
    #[command(hide = true)]
    MeasureMetrics(measure_metrics::MeasureMetrics),
}

/// Runs the command that `arguments` name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // Before any runtime, log or file is opened: the child that reads one hostile document.
    if arguments
        .get(1)
        .is_some_and(|first| first == crate::app::EXTRACT_CHILD)
    {
        return extract::child_main(arguments.into_iter().skip(2));
    }
    let cli = Cli::parse_from(arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the async runtime cannot start: {error}")),
    };
    let outcome = runtime.block_on(run(cli.command));
    // Blocking work that hangs must not keep a stopped server alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    flush_logging();
    match outcome {
        Ok(code) => code,
        Err(error) => fail(&error.to_string()),
    }
}

async fn run(command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Serve(command) => Box::pin(command.run()).await,
        Command::Worker => Box::pin(serve::work()).await,
        Command::Migrate => maintenance::migrate().await,
        Command::CreateFirstAdmin(command) => Box::pin(command.run()).await,
        Command::Doctor(command) => Box::pin(command.run()).await,
        Command::Healthcheck(command) => command.run().await,
        Command::Settings(command) => command.run(),
        Command::Demo(command) => Box::pin(command.run()).await,
        Command::Retention(command) => Box::pin(command.run()).await,
        Command::Erase(command) => Box::pin(command.run()).await,
        Command::Export(command) => Box::pin(command.run()).await,
        Command::Backup(command) => Box::pin(command.run()).await,
        Command::Restore(command) => Box::pin(command.run()).await,
        Command::CleanupTmp => maintenance::cleanup_tmp(),
        Command::MarkStuck(command) => Box::pin(command.run()).await,
        Command::Eval(command) => command.run().await,
        Command::MeasureQueue(command) => Box::pin(command.run()).await,
        Command::MeasureMetrics(command) => command.run(),
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    Settings(#[from] Problems),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Other(String),
}

impl CliError {
    /// A failure with its causes, for the operator at the terminal.
    fn other(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(current) = cause {
            text.push_str(": ");
            text.push_str(&current.to_string());
            cause = current.source();
        }
        Self::Other(text)
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the terminal is where a command's failure is told"
)]
fn fail(message: &str) -> ExitCode {
    eprintln!("binnacle: {message}");
    ExitCode::FAILURE
}

/// Writes a line of a command's result to stdout. A closed pipe is the reader's choice.
fn say(line: impl AsRef<str>) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{}", line.as_ref());
}

/// The settings of this process; logging is started, warnings are logged.
fn load(target: LogTarget) -> Result<Config, CliError> {
    let (config, warnings) = Config::load(&EnvSource::process())?;
    start_logging(&config.telemetry, target).map_err(CliError::other)?;
    for warning in warnings {
        tracing::warn!(
            event = "setting",
            variable = warning.variable,
            "{}",
            warning.message
        );
    }
    Ok(config)
}

/// The application of a command that does its work and ends.
async fn build() -> Result<App, CliError> {
    build_on(Schema::Current).await
}

async fn build_on(schema: Schema) -> Result<App, CliError> {
    let config = load(LogTarget::Stderr)?;
    Ok(App::build(config, Surroundings::of_system()?, schema).await?)
}
