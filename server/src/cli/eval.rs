//! `eval`: how often retrieval finds what the evaluation questions ask for.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, say};

#[derive(Debug, Args)]
pub(super) struct Eval {
    /// The questions and the manuals that they are about
    #[arg(default_value = "docs/eval/questions.json")]
    questions: PathBuf,
    /// Keeps the index in this file, so that the next run only asks
    #[arg(long)]
    index: Option<PathBuf>,
}

impl Eval {
    pub(super) async fn run(self) -> Result<ExitCode, CliError> {
        let report = crate::eval::run(&self.questions, self.index.as_deref())
            .await
            .map_err(|error| CliError::Other(error.to_string()))?;
        say(report.to_string());
        Ok(ExitCode::SUCCESS)
    }
}
