//! `backup` and `restore`: the house in a folder, and back.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use entities::BackupKind;

use super::{CliError, build_on, load, say};
use crate::{
    app::{App, Schema, StartError, Surroundings, backup_house},
    platform::{
        backup::{self, Existing, Manifest},
        db::{DbError, SchemaState},
        telemetry::LogTarget,
    },
};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder to make; it must not exist
    path: PathBuf,
}

impl Backup {
    /// Servers may go on meanwhile, also those of an older version: a backup comes before an upgrade.
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build_on(Schema::AsItIs).await?;
        let house = backup_house(&app.config);
        let now = app.clock.now();
        let taken = backup::take(&house, &app.db, &app.blobs, &self.path, now).await;
        let recorded = match &taken {
            Ok(manifest) => note(&app, BackupKind::Backup, manifest).await,
            Err(_) => Ok(()),
        };
        app.close().await;
        let manifest = taken.map_err(CliError::other)?;
        recorded.map_err(CliError::other)?;
        say(format!(
            "{} holds the database and {} blobs, {} bytes in all.",
            self.path.display(),
            manifest.blobs,
            manifest.total_bytes()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// Puts on record what was done. A schema of another version has no place for it, or another one.
async fn note(app: &App, kind: BackupKind, manifest: &Manifest) -> Result<(), DbError> {
    if let SchemaState::Behind(count) = app.db.schema_state().await? {
        say(format!(
            "The database schema is {count} migrations behind, and stays so: this is not put on \
             record."
        ));
        return Ok(());
    }
    backup::record(&app.db, kind, manifest.total_bytes(), app.clock.now()).await
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A folder that `backup` made
    path: PathBuf,
    /// Put it in place of what is there, which is kept beside
    #[arg(long)]
    replace: bool,
    /// Only check that every file is what was backed up
    #[arg(long, conflicts_with = "replace")]
    verify: bool,
}

impl Restore {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        if self.verify {
            return Box::pin(self.check()).await;
        }
        let config = load(LogTarget::Stderr)?;
        let surroundings = Surroundings::of_system()?;
        let unique = surroundings.entropy.uuid().simple().to_string();
        let existing = if self.replace {
            Existing::Replace
        } else {
            Existing::Refuse
        };
        let house = backup_house(&config);
        for folder in house.folders() {
            std::fs::create_dir_all(&folder)
                .map_err(|error| CliError::Other(format!("{}: {error}", folder.display())))?;
        }
        let now = surroundings.clock.now();
        let manifest = backup::restore(&house, &self.path, existing, now, &unique)
            .await
            .map_err(CliError::other)?;
        say(format!(
            "The house is as it was at {}: {} blobs, {} bytes in all.",
            manifest.created_at.format("%Y-%m-%d %H:%M:%S UTC"),
            manifest.blobs,
            manifest.total_bytes()
        ));
        say("Run `binnacle doctor` before you start it.");
        Ok(ExitCode::SUCCESS)
    }

    /// The house whose backup it is notes that it was proved; elsewhere it is proved all the same.
    async fn check(&self) -> Result<ExitCode, CliError> {
        let manifest = backup::verify(&self.path).await.map_err(CliError::other)?;
        match build_on(Schema::AsItIs).await {
            Ok(app) => {
                let recorded = note(&app, BackupKind::Verification, &manifest).await;
                app.close().await;
                recorded.map_err(CliError::other)?;
            }
            Err(CliError::Start(StartError::NoDatabase)) => {
                say("There is no house here that could put it on record.");
            }
            // What is proved may be the way back from there.
            Err(CliError::Start(
                error @ (StartError::SchemaTooNew(_) | StartError::RestoreCut),
            )) => {
                say(format!("{error} This is not put on record."));
            }
            Err(error) => return Err(error),
        }
        say(format!(
            "Every checksum holds: {} blobs, {} bytes in all, of {}.",
            manifest.blobs,
            manifest.total_bytes(),
            manifest.created_at.format("%Y-%m-%d %H:%M:%S UTC")
        ));
        Ok(ExitCode::SUCCESS)
    }
}
