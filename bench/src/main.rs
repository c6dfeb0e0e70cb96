//! Measures Binnacle against bare poem and against its own statements without HTTP, in one run on
//! one machine, so that the ratios hold whatever the machine is: `docs/benchmarks.md`.

mod accept;
mod aims;
mod bare;
mod bare_process;
mod governed;
mod group_commit;
mod hold_streams;
mod load;
mod machine;
mod plan;
mod postgres;
mod process;
mod queue;
mod report;
mod scale;
mod seat;
mod stages;
mod statements;
mod telemetry;
mod upstream;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};

/// Ratios of Binnacle to bare poem, in one run.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// A second per figure, 200 streams: shows that all works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// Measure these alone.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// The server to measure; without it, the `binnacle` beside this program.
    #[arg(long)]
    binnacle: Option<PathBuf>,
    /// A PostgreSQL whose user may create databases; without it only SQLite is measured.
    #[arg(long, env = "TEST_POSTGRES_URL", hide_env_values = true)]
    postgres_url: Option<String>,
    /// Where to put databases; on the disk that is to be measured.
    #[arg(long, env = "TMPDIR", default_value = "/tmp")]
    folder: PathBuf,
    /// Where to write the figures as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve what Binnacle is compared with; started by the run itself.
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        port: u16,
        /// The upstream's base URL.
        #[arg(long)]
        upstream: String,
    },
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// From nothing to ready, and memory when idle.
    Start,
    /// `GET /api/stores` beside a bare hello.
    Get,
    /// `POST /api/chat` beside a bare streaming proxy and the bare statements.
    Chat,
    /// Many streams at once.
    Streams,
    /// The queue of jobs by itself.
    Queue,
    /// What metrics and traces cost, and how long the page of metrics takes.
    Telemetry,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no runtime")?;
    match options.command {
        Some(Command::Bare { port, upstream }) => runtime.block_on(bare::serve(port, &upstream)),
        None => runtime.block_on(plan::run(&options)),
    }
}
