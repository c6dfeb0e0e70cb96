//! `eval`: how often retrieval finds what the evaluation questions ask for.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, say};
use crate::eval::Index;

#[derive(Debug, Args)]
pub(super) struct Eval {
    /// The questions and the manuals that they are about
    #[arg(default_value = "docs/eval/questions.json")]
    questions: PathBuf,
    /// Keeps the index in this file, so that the next run only asks
    #[arg(long)]
    index: Option<PathBuf>,
    /// Asks on this PostgreSQL database instead of SQLite; it must be empty, or one of an earlier run
    #[arg(long, value_name = "URL", conflicts_with = "index")]
    database: Option<String>,
}

impl Eval {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let index = match (self.database, self.index) {
            (Some(url), _) => Index::Postgres(url.into()),
            (None, Some(path)) => Index::Kept(path),
            (None, None) => Index::Fresh,
        };
        let report = crate::eval::run(&self.questions, index)
            .await
            .map_err(|error| CliError::Other(error.to_string()))?;
        say(report.to_string());
        Ok(ExitCode::SUCCESS)
    }
}
