//! `erase` and `export`: what a person may ask of the house.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use entities::UserId;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{CliError, build, say};
use crate::{
    app::App,
    platform::governance::{Receipt, export_name},
};

#[derive(Debug, Args)]
pub(super) struct Erase {
    /// E-mail address or id of the user
    #[arg(required_unless_present = "verify")]
    user: Option<String>,
    /// Erase; without it, only say what there is
    #[arg(long)]
    yes: bool,
    /// Check the receipts of all erasures
    #[arg(long, conflicts_with = "user")]
    verify: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Erase {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let outcome = match &self.user {
            Some(user) => self.erase(&app, user).await,
            None => verify(&app).await,
        };
        app.close().await;
        outcome
    }

    async fn erase(&self, app: &App, user: &str) -> Result<ExitCode, CliError> {
        let user = find(app, user).await?;
        if !self.yes {
            let found = app.governance.holdings_of(user).await;
            let found = found.map_err(CliError::other)?;
            if self.json {
                say(json!({ "user_id": user, "found": found }).to_string());
                return Ok(ExitCode::SUCCESS);
            }
            for (place, count) in &found {
                say(format!("{count:6} in {place} would go"));
            }
            say(format!(
                "Run `binnacle erase {user} --yes` to erase user {user} for good."
            ));
            return Ok(ExitCode::SUCCESS);
        }
        let receipt = app.governance.erase_now(None, user).await;
        let receipt = receipt.map_err(CliError::other)?;
        if self.json {
            say(serde_json::to_string(&receipt).map_err(CliError::other)?);
        } else {
            tell(&receipt);
        }
        Ok(if receipt.left() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn tell(receipt: &Receipt) {
    say(format!(
        "{} rows and blobs of user {} were erased. Receipt {}.",
        receipt.erased, receipt.user, receipt.id
    ));
    for (table, count) in &receipt.kept {
        say(format!(
            "{count:6} rows of {table} keep the number {}, which is nobody's",
            receipt.user
        ));
    }
    for (place, count) in &receipt.remaining {
        say(format!("{count:6} are still there: {place}"));
    }
    if receipt.left() > 0 {
        say("A worker tries again in ten minutes.");
    }
}

async fn verify(app: &App) -> Result<ExitCode, CliError> {
    let found = app.governance.verify_receipts().await;
    let found = found.map_err(CliError::other)?;
    say(format!("{} receipts are as they were signed.", found.sound));
    for fault in &found.faults {
        say(fault.to_string());
    }
    for user in &found.incomplete {
        say(format!(
            "Something of user {user} was left: run `binnacle erase {user} --yes`."
        ));
    }
    Ok(if found.faults.is_empty() && found.incomplete.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// E-mail address or id of the user
    user: String,
    /// Where to write the archive; a name of its own in this folder when absent
    path: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let app = build().await?;
        let outcome = self.export(&app).await;
        app.close().await;
        outcome
    }

    async fn export(&self, app: &App) -> Result<ExitCode, CliError> {
        use std::os::unix::fs::OpenOptionsExt;
        let user = find(app, &self.user).await?;
        let name = || PathBuf::from(export_name(user, app.clock.now()));
        let path = self.path.clone().unwrap_or_else(name);
        let file = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| {
                let why = match error.kind() {
                    std::io::ErrorKind::AlreadyExists => {
                        "exists already; name another file".to_owned()
                    }
                    _ => error.to_string(),
                };
                CliError::Other(format!("{}: {why}", path.display()))
            })?;
        let never = CancellationToken::new();
        if let Err(error) = app.governance.write_export(user, file, &never).await {
            // Half an archive must not be taken for a whole one.
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "half an archive is left");
            }
            return Err(CliError::other(error));
        }
        say(format!(
            "Everything of user {user} is in {}.",
            path.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// By address, or by id: also of a user who was erased, as long as anything of them is left.
async fn find(app: &App, user: &str) -> Result<UserId, CliError> {
    let nobody = || CliError::Other(format!("there is no user {user}"));
    let Ok(id) = user.parse().map(UserId) else {
        let found = app.accounts.find_by_email(user).await;
        let found = found.map_err(CliError::other)?;
        return found.map(|account| account.id).ok_or_else(nobody);
    };
    let known = app.accounts.find(id).await.map_err(CliError::other)?;
    if known.is_some() {
        return Ok(id);
    }
    let left = app.governance.holdings_of(id).await;
    let left = left.map_err(CliError::other)?;
    if left.is_empty() {
        Err(nobody())
    } else {
        Ok(id)
    }
}
