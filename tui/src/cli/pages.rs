//! Completions for shells, and the manual page: made from the command line itself.

use std::io;

use clap::{Arg, ArgMatches, Command, value_parser};
use clap_complete::Shell;

use super::{CliError, Exit};

/// `completions` and `man`.
pub(super) fn commands() -> [Command; 2] {
    [
        Command::new("completions")
            .about("prints completions for a shell")
            .arg(
                Arg::new("shell")
                    .required(true)
                    .value_parser(value_parser!(Shell)),
            ),
        Command::new("man").about("prints the manual page"),
    ]
}

/// Prints one of them.
pub(super) fn run(name: &str, matches: &ArgMatches) -> Result<Exit, CliError> {
    let mut command = super::command();
    if name == "man" {
        clap_mangen::Man::new(command).render(&mut io::stdout())?;
    } else if let Some(shell) = matches.get_one::<Shell>("shell") {
        clap_complete::generate(*shell, &mut command, "binnacle-tui", &mut io::stdout());
    }
    Ok(Exit::Done)
}
