//! Opens the console on this terminal.

use std::io::IsTerminal;

use clap::ArgMatches;
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use super::{CliError, Exit, Run};
use crate::app::{App, Setup};
use crate::client::http::Via;
use crate::config::{Context, Environment};
use crate::glyphs::{ASCII, UNICODE, suit_locale};
use crate::runtime::clock::{Clock, run_id};
use crate::runtime::{Ended, Started, run, terminal};
use crate::theme::Theme;

/// The ground's colour has to be told within this.
const ASK_MS: u64 = 100;

/// Runs the console, on one context after the other, until it is left.
pub(super) async fn open(mut state: Run, matches: &ArgMatches) -> Result<Exit, CliError> {
    let tty = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if !tty || state.environment.term == "dumb" {
        return Err(CliError::Usage(
            "the console needs a terminal; for scripts: binnacle-tui overview, alarms list, \
             events; binnacle-tui --help lists the rest"
                .to_owned(),
        ));
    }
    terminal::restore_on_panic();
    let asked = matches.get_one::<Theme>("theme").copied();
    // What the terminal said of its ground, once it was asked.
    let mut known: Option<Option<Theme>> = None;
    loop {
        let (name, context) = state.chosen()?;
        let connect = state.connect(Via::Console, &context)?;
        let history = state.paths.data.join(format!("history-{name}"));
        let typed = std::fs::read_to_string(&history).unwrap_or_default();
        let said = asked.or(context.theme).or(state.config.theme);
        let theme = said.or(known.flatten()).unwrap_or_default();
        let colourless = state.environment.no_color && asked.is_none();
        let ascii = matches.get_flag("ascii")
            || state.config.ascii
            || !suit_locale(&state.environment.locale);
        let setup = Setup {
            contexts: state.config.contexts.keys().cloned().collect(),
            server: host(&context),
            theme: if colourless { Theme::None } else { theme },
            context_role: context.role(),
            glyphs: if ascii { &ASCII } else { &UNICODE },
            read_only: matches.get_flag("read-only") || context.read_only,
            insecure: context.server.starts_with("http://") && state.insecure,
            mouse: state.config.mouse,
            run: run_id(),
            typed_before: typed.lines().map(str::to_owned).collect(),
            context: name,
        };
        let started = Started {
            app: App::new(setup, (80, 24)),
            connect,
            clock: Clock::start(),
            history,
        };
        let environment = &state.environment;
        let ask = || {
            if said.is_some() || colourless {
                return None;
            }
            *known.get_or_insert_with(|| ground(environment))
        };
        match run(started, ask).await? {
            Ended::Quit => return Ok(Exit::Done),
            Ended::Context(name) => state.named = Some(name),
        }
    }
}

/// Host and port, for line 1.
fn host(context: &Context) -> String {
    let rest = context.server.split("://").nth(1).unwrap_or_default();
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// A theme for the terminal's ground, asked once. No answer: the 16 colours that the terminal owns.
fn ground(environment: &Environment) -> Option<Theme> {
    let many = environment.term.contains("256color")
        || matches!(environment.colorterm.as_str(), "truecolor" | "24bit");
    if !many {
        return None;
    }
    let mut options = QueryOptions::default();
    options.timeout = std::time::Duration::from_millis(ASK_MS);
    match theme_mode(options) {
        Ok(ThemeMode::Dark) => Some(Theme::Dark),
        Ok(ThemeMode::Light) => Some(Theme::Light),
        Err(_) => None,
    }
}
