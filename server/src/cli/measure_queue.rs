//! `measure-queue`: how fast the queue is, for the bench.

use std::process::ExitCode;

use clap::Args;

use super::{CliError, say};
use crate::{
    app::{App, Schema, Surroundings},
    platform::{
        config::{Config, EnvSource},
        jobs::{QueueParts, QueuePlan, measure_queue},
        telemetry::start_quiet_logging,
    },
};

#[derive(Debug, Args)]
pub(super) struct MeasureQueue {
    /// Jobs of each round
    #[arg(long, default_value_t = 5_000)]
    jobs: usize,
    /// Slots of the worker, one round each
    #[arg(long, value_delimiter = ',', default_value = "1,4,16")]
    workers: Vec<usize>,
    /// Finished jobs that are in the table before
    #[arg(long, default_value_t = 0)]
    finished: u64,
}

impl MeasureQueue {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        // Lines on stderr would be measured too.
        start_quiet_logging();
        let (config, _) = Config::load(&EnvSource::process())?;
        let app = App::build(config, Surroundings::of_system()?, Schema::Forward).await?;
        let parts = QueueParts {
            db: app.db.clone(),
            clock: app.clock.clone(),
            entropy: app.entropy.clone(),
        };
        let plan = QueuePlan {
            jobs: self.jobs,
            workers: self.workers,
            finished: self.finished,
        };
        let figures = measure_queue(&parts, &plan)
            .await
            .map_err(|error| CliError::Other(error.to_string()))?;
        app.close().await;
        let json =
            serde_json::to_string(&figures).map_err(|error| CliError::Other(error.to_string()))?;
        say(json);
        Ok(ExitCode::SUCCESS)
    }
}
