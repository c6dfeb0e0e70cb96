//! Which server, and who one is there.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{CliError, Exit, Run, exit};
use crate::client::credentials::Saved;
use crate::client::http::Via;
use crate::config::Context;
use crate::theme::Theme;

/// `ctx`, `login`, `logout`.
pub(super) fn commands() -> [Command; 3] {
    let name = || Arg::new("name").value_name("NAME").required(true);
    let ctx = Command::new("ctx")
        .about("the servers that are known")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("shows them, the current one marked"))
        .subcommand(
            Command::new("use")
                .about("makes one the current")
                .arg(name()),
        )
        .subcommand(Command::new("remove").about("forgets one").arg(name()))
        .subcommand(
            Command::new("add")
                .about("keeps one")
                .arg(name())
                .arg(Arg::new("server").value_name("URL").required(true))
                .arg(
                    Arg::new("ca-file")
                        .long("ca-file")
                        .value_parser(value_parser!(PathBuf))
                        .help("certificates to trust besides the system's, PEM"),
                )
                .arg(
                    Arg::new("theme")
                        .long("theme")
                        .value_parser(value_parser!(Theme)),
                )
                .arg(
                    Arg::new("color")
                        .long("color")
                        .value_parser(["red", "yellow", "green", "cyan"])
                        .help("how the name is shown"),
                )
                .arg(
                    Arg::new("read-only")
                        .long("read-only")
                        .action(ArgAction::SetTrue),
                ),
        );
    let login = Command::new("login")
        .about("signs in; secrets are read from the terminal or from standard input")
        .arg(Arg::new("email").long("email").value_name("ADDRESS"))
        .arg(
            Arg::new("api-key")
                .long("api-key")
                .action(ArgAction::SetTrue)
                .help("reads a token for programs instead of a password"),
        );
    [ctx, login, Command::new("logout").about("signs out")]
}

/// Runs one of them.
pub(super) async fn run(state: Run, name: &str, matches: &ArgMatches) -> Result<Exit, CliError> {
    match name {
        "ctx" => contexts(state, matches),
        "login" => login(&state, matches).await,
        _ => {
            let (_, context) = state.chosen()?;
            state.client(Via::Shell, &context)?.sign_out().await?;
            Ok(Exit::Done)
        }
    }
}

fn contexts(mut state: Run, matches: &ArgMatches) -> Result<Exit, CliError> {
    let named = |matches: &ArgMatches| {
        matches
            .get_one::<String>("name")
            .cloned()
            .unwrap_or_default()
    };
    match matches.subcommand() {
        Some(("use", matches)) => {
            let name = named(matches);
            state.config.choose(Some(&name), &state.environment)?;
            state.config.current = Some(name);
            state.config.save(&state.paths.config)?;
        }
        Some(("remove", matches)) => {
            let name = named(matches);
            state.config.choose(Some(&name), &state.environment)?;
            state.config.contexts.remove(&name);
            if state.config.current.as_ref() == Some(&name) {
                state.config.current = None;
            }
            state.config.save(&state.paths.config)?;
        }
        Some(("add", matches)) => {
            let context = Context {
                server: matches
                    .get_one::<String>("server")
                    .cloned()
                    .unwrap_or_default(),
                ca_file: matches.get_one::<PathBuf>("ca-file").cloned(),
                theme: matches.get_one::<Theme>("theme").copied(),
                read_only: matches.get_flag("read-only"),
                color: matches.get_one::<String>("color").cloned(),
            };
            state.config.add(&named(matches), context)?;
            state.config.save(&state.paths.config)?;
        }
        _ => {
            let mut out = io::stdout().lock();
            for (name, context) in &state.config.contexts {
                let current = state.config.current.as_ref() == Some(name);
                let mark = if current { '*' } else { ' ' };
                writeln!(out, "{mark} {name}  {}", context.server)?;
            }
        }
    }
    Ok(Exit::Done)
}

async fn login(state: &Run, matches: &ArgMatches) -> Result<Exit, CliError> {
    let (name, context) = state.chosen()?;
    let client = state.client(Via::Shell, &context)?;
    if matches.get_flag("api-key") {
        let saved = Saved {
            access_token: secret("API key: ")?,
            refresh_token: String::new(),
        };
        client.keep(saved).await?;
        return Ok(Exit::Done);
    }
    let email = match matches.get_one::<String>("email") {
        Some(email) => email.clone(),
        None => line("email: ")?,
    };
    client.sign_in(email, secret("password: ")?).await?;
    exit::tell(&format!("signed in at {name}"));
    Ok(Exit::Done)
}

fn line(prompt: &str) -> Result<String, CliError> {
    if io::stdin().is_terminal() {
        write!(io::stderr(), "{prompt}")?;
    }
    let mut text = String::new();
    io::stdin().read_line(&mut text)?;
    Ok(text.trim().to_owned())
}

/// From the terminal without showing it, else one line of standard input.
fn secret(prompt: &str) -> Result<String, CliError> {
    let text = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt)?
    } else {
        let mut text = String::new();
        io::stdin().read_line(&mut text)?;
        text
    };
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() {
        return Err(CliError::Usage("nothing was typed".to_owned()));
    }
    Ok(text)
}
