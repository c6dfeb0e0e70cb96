//! `create-first-admin`: the way in for whoever owns the machine.

use std::{io::Read, process::ExitCode};

use clap::Args;
use secrecy::SecretString;

use super::{CliError, build_on, say};
use crate::{app::Schema, features::accounts::FirstAdmin};

#[derive(Debug, Args)]
pub(super) struct CreateFirstAdmin {
    /// E-mail address to sign in with
    email: String,
    /// Password; `-` or nothing reads it from standard input, so that it stays out of the shell's
    /// history
    password: Option<String>,
}

impl CreateFirstAdmin {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let password = match self.password.filter(|given| given != "-") {
            Some(given) => given,
            None => from_stdin()?,
        };
        // The first thing that is done to a new house.
        let app = build_on(Schema::Forward).await?;
        let outcome = app
            .accounts
            .create_first_admin(&self.email, &SecretString::from(password))
            .await;
        app.close().await;
        match outcome.map_err(|error| CliError::Other(error.to_string()))? {
            FirstAdmin::Created(id) => say(format!("Admin {} created with id {id}.", self.email)),
            FirstAdmin::Exists { id, role } => say(format!(
                "There is a user with this address already (id {id}, role {}); nothing was changed.",
                role.as_str()
            )),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn from_stdin() -> Result<String, CliError> {
    const MAX_BYTES: u64 = 4_096;
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| CliError::Other(format!("the password cannot be read: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
