//! The commands of nouns: `list`, `show`, `count`, and every act of the noun's list.

use api::filter::{ACCOUNTS, Schema};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::output::{self, Form};
use super::{CliError, Exit, act, exit};
use crate::acts::nouns::{self, NOUNS, Noun};
use crate::acts::{Act, On};
use crate::client::Request;
use crate::client::auth::Client;
use crate::runtime::export;

/// Rows of a list when nothing is said.
const ROWS: usize = 50;

/// Lists that the server counts.
const COUNTED: [&str; 5] = ["users", "jobs", "ledger", "audit", "deleted"];

/// The commands of all nouns.
pub(super) fn commands() -> Vec<Command> {
    NOUNS.iter().map(|noun| of_noun(noun)).collect()
}

fn of_noun(noun: &'static Noun) -> Command {
    let mut command = Command::new(noun.name)
        .about(noun.help)
        .subcommand_required(true);
    if noun.list.is_some() {
        command = command.subcommand(list(noun));
        if COUNTED.contains(&noun.name) {
            command = command.subcommand(
                Command::new("count")
                    .about("how many rows match")
                    .arg(filter(noun.schema)),
            );
        }
    }
    let object = Arg::new("object")
        .value_name("OBJECT")
        .required(noun.list.is_some());
    command = command.subcommand(
        Command::new("show")
            .about("the whole of one, as JSON")
            .arg(object),
    );
    if noun.name == "alarms" {
        command = command.subcommands(super::watch::alarm_commands());
    }
    if noun.name == "retention" {
        command = command.subcommand(super::preview::command());
    }
    command.subcommands(
        noun.acts
            .iter()
            .filter(|act| act.noun == noun.name)
            .map(|act| verb(noun, act)),
    )
}

/// What an act on many is filtered by: limits are set of users, and users have other fields than
/// their months.
pub(super) fn act_schema(noun: &Noun) -> &'static Schema {
    if noun.name == crate::screens::budgets::NOUN.name {
        &ACCOUNTS
    } else {
        noun.schema
    }
}

fn filter(schema: &'static Schema) -> Arg {
    let names: Vec<&str> = schema.fields.iter().map(|field| field.name).collect();
    Arg::new("filter")
        .long("filter")
        .value_name("FILTER")
        .allow_hyphen_values(true)
        .help(format!("as in the console; fields: {}", names.join(", ")))
}

fn list(noun: &'static Noun) -> Command {
    let mut command = Command::new("list").about("rows, as a table");
    if !noun.schema.fields.is_empty() {
        command = command.arg(filter(noun.schema)).arg(
            Arg::new("sort")
                .long("sort")
                .value_name("FIELD")
                .allow_hyphen_values(true)
                .help("a field, or - and a field for the reverse"),
        );
    }
    command
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N|all")
                .help("50 when it is not said"),
        )
        .args(output::args())
}

fn verb(noun: &'static Noun, act: &'static Act) -> Command {
    let mut command = Command::new(act.verb).about(act.help);
    if act.on != On::House {
        command = command.arg(
            Arg::new("object")
                .value_name("OBJECT")
                .required(act.on == On::One)
                .help("an id, or a name where it has one"),
        );
    }
    if act.on == On::Many && !noun.schema.fields.is_empty() {
        command = command.arg(filter(act_schema(noun)));
    }
    if super::wait::starts_jobs(act) {
        command = command.arg(super::wait::arg());
    }
    for field in act.fields {
        command = command.arg(
            Arg::new(field.name)
                .value_name(field.name)
                .help(field.help)
                .allow_hyphen_values(true),
        );
    }
    command
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("says what would be done, and does nothing"),
        )
        .arg(
            Arg::new("yes")
                .long("yes")
                .action(ArgAction::SetTrue)
                .help("says yes to a question that y answers"),
        )
        .arg(
            Arg::new("confirm")
                .long("confirm")
                .value_name("TEXT")
                .help("the words that the question asks for"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("prints the server's answer"),
        )
}

/// Runs a command of a noun.
pub(super) async fn run(
    noun: &'static Noun,
    client: &Client,
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    match matches.subcommand() {
        Some(("list", matches)) => list_rows(noun, client, matches).await,
        Some(("count", matches)) => count(noun, client, matches).await,
        Some(("show", matches)) => show(noun, client, matches).await,
        Some((verb, matches)) => match nouns::act(noun.name, verb) {
            Some(act) => act::run(noun, act, client, matches).await,
            None => Err(CliError::Usage(format!("{} has no verb {verb}", noun.name))),
        },
        None => Err(CliError::Usage(format!("{} what?", noun.name))),
    }
}

/// The text of an argument, where the command has it and it was said.
pub(super) fn said(matches: &ArgMatches, name: &str) -> String {
    matches
        .try_get_one::<String>(name)
        .ok()
        .flatten()
        .cloned()
        .unwrap_or_default()
}

/// The filter, read here so that a mistake is told before anything is asked.
pub(super) fn read_filter(schema: &Schema, matches: &ArgMatches) -> Result<String, CliError> {
    let text = said(matches, "filter");
    if !text.is_empty() {
        api::filter::parse(&text, schema)
            .map_err(|error| CliError::Usage(format!("--filter: {error}")))?;
    }
    Ok(text)
}

async fn list_rows(noun: &Noun, client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let form = Form::of(matches);
    let request = Request::get(noun.list.unwrap_or_default())
        .with("filter", read_filter(noun.schema, matches)?)
        .with("sort", said(matches, "sort"));
    let limit = said(matches, "limit");
    let most = match limit.as_str() {
        "" => ROWS,
        "all" => usize::MAX,
        number => number
            .parse()
            .map_err(|_| CliError::Usage("--limit is a number or all".to_owned()))?,
    };
    let told = |progress: export::Progress| {
        if progress.wait_s.is_some() {
            exit::tell(&progress.to_string());
        }
    };
    let rows = export::rows(client, &request, most, told).await?;
    output::rows(&rows, &form, super::columns::of(noun.name))?;
    Ok(Exit::Done)
}

async fn count(noun: &Noun, client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let path = format!("{}/count", noun.list.unwrap_or_default());
    let request = Request::get(path).with("filter", read_filter(noun.schema, matches)?);
    let count: api::console::Count = client.send(&request).await?.decode()?;
    let more = if count.exact { "" } else { "+" };
    output::line(&format!("{}{more}", count.count))?;
    Ok(Exit::Done)
}

async fn show(noun: &Noun, client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let named = said(matches, "object");
    let reply = client.send(&(noun.find)(&named)).await?;
    let whole: serde_json::Value = reply.decode()?;
    let shown = if whole.get("items").is_some() {
        act::only(noun.called((noun.read)(&reply)?, &named))?.json()
    } else {
        whole
    };
    output::json(&shown)?;
    Ok(Exit::Done)
}
