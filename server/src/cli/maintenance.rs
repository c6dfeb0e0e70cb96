//! `migrate`, `cleanup-tmp`, `mark-stuck`: one act each, for operators and their schedules.

use std::{process::ExitCode, time::Duration};

use clap::Args;

use super::{CliError, build, load, say};
use crate::{
    app::{StartError, db_settings},
    platform::{db::Db, storage::TemporaryFiles, telemetry::LogTarget},
};

pub(super) async fn migrate() -> Result<ExitCode, CliError> {
    let config = load(LogTarget::Stderr)?;
    let db = Db::connect(&db_settings(&config))
        .await
        .map_err(StartError::from)?;
    match db.migrate().await.map_err(StartError::from)? {
        0 => say("The schema is current."),
        1 => say("1 migration applied."),
        count => say(format!("{count} migrations applied.")),
    }
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn cleanup_tmp() -> Result<ExitCode, CliError> {
    let config = load(LogTarget::Stderr)?;
    let Some(age) = config.retention.uploads_tmp else {
        say("RETENTION_UPLOADS_TMP_HOURS keeps temporary files for ever; nothing was removed.");
        return Ok(ExitCode::SUCCESS);
    };
    let files = TemporaryFiles::in_folder(&config.storage.tmp_dir).map_err(StartError::from)?;
    let removed = files
        .clean(age, std::time::SystemTime::now())
        .map_err(StartError::from)?;
    say(format!("{removed} temporary files removed."));
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Args)]
pub(super) struct MarkStuck {
    /// Minutes without a change of state
    #[arg(default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=525_600))]
    minutes: u64,
}

impl MarkStuck {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let age = chrono::Duration::from_std(Duration::from_secs(self.minutes * 60))
            .map_err(|error| CliError::Other(error.to_string()))?;
        let moved = app.documents.reset_stuck(None, age, None).await;
        app.close().await;
        let (moved, _) = moved.map_err(|error| CliError::Other(error.to_string()))?;
        say(format!("{moved} documents were started again."));
        Ok(ExitCode::SUCCESS)
    }
}
