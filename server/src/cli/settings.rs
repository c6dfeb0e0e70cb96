//! `settings`: what is set and from where, with secrets masked; and the pages that are made from
//! the same table.

use std::process::ExitCode;

use clap::Args;

use super::{CliError, say};
use crate::platform::config::{Config, EnvSource, configuration_page, env_example};

#[derive(Debug, Args)]
pub(super) struct Settings {
    /// Print the text of `.env.example`
    #[arg(long, conflicts_with = "markdown")]
    env_example: bool,
    /// Print the page of every variable, in Markdown
    #[arg(long)]
    markdown: bool,
}

impl Settings {
    pub(super) fn run(&self) -> Result<ExitCode, CliError> {
        if self.env_example {
            say(env_example().trim_end());
        } else if self.markdown {
            say(configuration_page().trim_end());
        } else {
            let (config, _) = Config::load(&EnvSource::process())?;
            for setting in config.masked() {
                let value = setting
                    .value
                    .clone()
                    .unwrap_or_else(|| match setting.secret_bytes {
                        Some(bytes) => format!("(secret, {bytes} bytes)"),
                        None => "(not set)".to_owned(),
                    });
                let mark = if setting.differs { "*" } else { " " };
                say(format!(
                    "{mark} {:36} {:8} {value}",
                    setting.name,
                    setting.origin.as_str()
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
