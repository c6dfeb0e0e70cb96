//! The command line: without a noun it opens the console, with one it does one thing and exits.

mod act;
pub mod columns;
mod console;
mod exit;
mod nouns;
mod output;
mod overview;
mod pages;
mod preview;
mod session;
mod wait;
mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tokio_util::task::TaskTracker;

pub use exit::{CliError, Exit};

use crate::client::auth::Client;
use crate::client::credentials::Credentials;
use crate::client::http;
use crate::config::{self, Config, Context, Environment, Paths};
use crate::runtime::Connect;
use crate::theme::Theme;

/// An exchange of tokens is waited for so long before the program ends.
const EXCHANGE: Duration = Duration::from_secs(10);

/// The whole command line.
pub fn command() -> Command {
    Command::new("binnacle-tui")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The admin console of Binnacle; with a noun and a verb, one act of it")
        .arg(
            Arg::new("context")
                .long("context")
                .global(true)
                .value_name("NAME")
                .help("the server to talk to, as ctx list names it"),
        )
        .arg(
            Arg::new("read-only")
                .long("read-only")
                .action(ArgAction::SetTrue)
                .help("changes nothing, whatever is pressed or asked"),
        )
        .arg(
            Arg::new("theme")
                .long("theme")
                .value_parser(value_parser!(Theme))
                .help("colours; found out when it is not said"),
        )
        .arg(
            Arg::new("ascii")
                .long("ascii")
                .action(ArgAction::SetTrue)
                .help("draws with ASCII alone"),
        )
        .arg(
            Arg::new("insecure")
                .long("insecure")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("allows plain http to other machines"),
        )
        .subcommands(watch::commands())
        .subcommands(nouns::commands())
        .subcommands(session::commands())
        .subcommands(pages::commands())
        .after_help(exit::HELP)
}

/// Where a run finds everything.
pub(crate) struct Run {
    pub(crate) environment: Environment,
    pub(crate) paths: Paths,
    pub(crate) config: Config,
    pub(crate) insecure: bool,
    pub(crate) named: Option<String>,
    exchanges: TaskTracker,
}

impl Run {
    fn of(matches: &ArgMatches, exchanges: TaskTracker) -> Result<Run, CliError> {
        let paths = Paths::find()?;
        let config = Config::load(&paths.config)?;
        Ok(Run {
            environment: Environment::read(),
            config,
            paths,
            insecure: matches.get_flag("insecure"),
            named: matches.get_one::<String>("context").cloned(),
            exchanges,
        })
    }

    /// The server to talk to.
    pub(crate) fn chosen(&self) -> Result<(String, Context), CliError> {
        let named = self.named.as_deref();
        Ok(self.config.choose(named, &self.environment)?)
    }

    /// A client of a context.
    pub(crate) fn client(&self, via: http::Via, context: &Context) -> Result<Client, CliError> {
        Ok(self.connect(via, context)?()?)
    }

    /// What makes a client of a context, whose address is good.
    pub(crate) fn connect(&self, via: http::Via, context: &Context) -> Result<Connect, CliError> {
        let base = config::server(&context.server, self.insecure)?;
        let ca_file = context.ca_file.clone();
        let credentials = Credentials::new(&self.paths.data);
        let token = self.environment.token.clone();
        let exchanges = self.exchanges.clone();
        Ok(Box::new(move || {
            let http = http::build(via, ca_file.as_deref())?;
            Ok(Client::new(http, base, token, credentials).tracked_by(exchanges))
        }))
    }
}

/// Parses the command line, does what it says, and tells how it went.
pub fn main() -> ExitCode {
    let matches = command().get_matches();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(async {
            let exchanges = TaskTracker::new();
            let outcome = dispatch(&matches, &exchanges).await;
            exchanges.close();
            // A token that is being exchanged has to reach its file, or the sign-in is lost.
            let _ended = tokio::time::timeout(EXCHANGE, exchanges.wait()).await;
            outcome
        }),
        Err(error) => Err(CliError::Io(error)),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            exit::tell(&error.to_string());
            error.exit().into()
        }
    }
}

async fn dispatch(matches: &ArgMatches, exchanges: &TaskTracker) -> Result<Exit, CliError> {
    if let Some((name @ ("completions" | "man"), matches)) = matches.subcommand() {
        return pages::run(name, matches);
    }
    let run = Run::of(matches, exchanges.clone())?;
    let read_only = matches.get_flag("read-only");
    let Some((name, matches)) = matches.subcommand() else {
        return console::open(run, matches).await;
    };
    if matches!(name, "ctx" | "login" | "logout") {
        return session::run(run, name, matches).await;
    }
    let (_, context) = run.chosen()?;
    let acts = matches
        .subcommand_name()
        .and_then(|verb| crate::acts::nouns::act(name, verb));
    if (read_only || context.read_only) && acts.is_some() {
        return Err(CliError::ReadOnly);
    }
    let client = run.client(http::Via::Shell, &context)?;
    match (name, matches.subcommand_name()) {
        ("overview", _) => overview::run(&client, matches).await,
        ("events", _) => watch::run(&client, matches).await,
        ("alarms", Some(verb @ ("check" | "watch"))) => watch::alarms(verb, &client).await,
        ("retention", Some("preview")) => preview::run(&client, matches).await,
        _ => match crate::acts::nouns::noun(name) {
            Some(noun) => nouns::run(noun, &client, matches).await,
            None => Err(CliError::Usage(format!("there is no command {name}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command().debug_assert();
    }
}
