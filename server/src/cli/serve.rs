//! `serve` and `worker`: run until a signal says to stop.

use std::{process::ExitCode, time::Duration};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, load};
use crate::{
    app::{App, Schema, StartError, Stop, Surroundings},
    platform::{
        config::Config,
        tasks::Tasks,
        telemetry::{LogTarget, record_nothing},
    },
};

const REDIS_DEADLINE: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Record no metrics: for the bench
    #[arg(long, hide = true)]
    record_nothing: bool,
}

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        if self.record_nothing {
            record_nothing();
        }
        let app = start().await?;
        let listener = app.bind().await?;
        app.serve(listener, stop_on_signals()?).await?;
        Ok(ExitCode::SUCCESS)
    }
}

pub(super) async fn work() -> Result<ExitCode, CliError> {
    start().await?.work(stop_on_signals()?).await?;
    Ok(ExitCode::SUCCESS)
}

async fn start() -> Result<App, CliError> {
    let config = load(LogTarget::Stdout)?;
    require_redis(&config).await?;
    Ok(App::build(config, Surroundings::of_system()?, Schema::Forward).await?)
}

/// Where Redis is demanded it must answer before anything is served.
async fn require_redis(config: &Config) -> Result<(), StartError> {
    if !config.redis.required {
        return Ok(());
    }
    match &config.redis.url {
        Some(url) => crate::platform::redis::ping(url, REDIS_DEADLINE)
            .await
            .map_err(|error| StartError::Redis(error.to_string())),
        None => Err(StartError::Redis("REDIS_URL is not set".to_owned())),
    }
}

/// The first SIGTERM or SIGINT drains, the second ends at once.
fn stop_on_signals() -> Result<Stop, CliError> {
    let failed =
        |error: std::io::Error| CliError::Other(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let stop = Stop::default();
    let asked = stop.clone();
    // Of its own: it outlives the tasks that it stops.
    Tasks::default().spawn("signals", async move {
        for token in [&asked.soft, &asked.hard] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(stop)
}
