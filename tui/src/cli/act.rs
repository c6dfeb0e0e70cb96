//! One act from the command line: the same plan as the console's, with options for answers.

use std::io::{BufRead, IsTerminal, Write};

use api::console::JobState;
use clap::ArgMatches;

use super::nouns::{act_schema, read_filter, said};
use super::{CliError, Exit, exit, output};
use crate::acts::nouns::Noun;
use crate::acts::{Act, Ask, Call, Confirm, Draft, Everything, On, Plan, Values};
use crate::client::auth::Client;
use crate::client::{Failure, Reply};
use crate::object::Object;
use crate::runtime::clock::run_id;

/// Plans longer than this ask the server in circles.
const STEPS: usize = 4;

/// The one object of an answer.
pub(super) fn only(mut objects: Vec<Object>) -> Result<Object, CliError> {
    match (objects.pop(), objects.is_empty()) {
        (Some(object), true) => Ok(object),
        (None, _) => Err(CliError::Failure(Failure::Refused {
            status: 404,
            code: "not_found".to_owned(),
            detail: "nothing has that name".to_owned(),
            field: None,
            retry_after_s: None,
            request_id: None,
        })),
        (Some(_), false) => Err(CliError::Usage(
            "several have that name: give the id".to_owned(),
        )),
    }
}

/// Runs an act.
pub(super) async fn run(
    noun: &Noun,
    act: &Act,
    client: &Client,
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    let draft = draft(noun, act, client, matches).await?;
    for field in act.fields {
        field
            .check(draft.values.text(field.name))
            .map_err(|refusal| CliError::Usage(refusal.text))?;
    }
    let mut plan = (act.plan)(&draft).map_err(|refusal| CliError::Usage(refusal.text))?;
    for _ in 0..STEPS {
        plan = match plan {
            Plan::Look(look) => {
                let reply = client.send(&look.request).await?;
                look.next(&draft, &reply)?
            }
            Plan::Ask(ask) => {
                print_question(&ask);
                if matches.get_flag("dry-run") {
                    return Ok(Exit::Done);
                }
                confirm(&ask, matches)?;
                Plan::Send(ask.call)
            }
            Plan::Send(call) => {
                if matches.get_flag("dry-run") {
                    exit::tell(&format!("would {} {}", act.verb, names(&draft)));
                    return Ok(Exit::Done);
                }
                return send(act, client, &draft, &call, matches).await;
            }
            Plan::Go(_) => return Err(CliError::Usage("this only moves the console".to_owned())),
        };
    }
    Err(CliError::Usage("this act cannot be planned".to_owned()))
}

fn names(draft: &Draft) -> String {
    if let Some(everything) = &draft.everything {
        return format!("what matches {}", everything.filter);
    }
    let names: Vec<String> = draft.objects.iter().map(Object::name).collect();
    names.join(", ")
}

async fn draft(
    noun: &Noun,
    act: &Act,
    client: &Client,
    matches: &ArgMatches,
) -> Result<Draft, CliError> {
    let mut draft = Draft::default();
    let filter = read_filter(act_schema(noun), matches)?;
    let (named, values) = words(act, matches, !filter.is_empty())?;
    draft.values = values;
    if act.on == On::House {
        return Ok(draft);
    }
    if !filter.is_empty() {
        draft.everything = Some(Everything {
            filter,
            count: None,
        });
        return Ok(draft);
    }
    if named.is_empty() {
        return Err(CliError::Usage(
            "name an OBJECT, or give --filter".to_owned(),
        ));
    }
    let reply = client.send(&(noun.find)(&named)).await?;
    let object = only(noun.called((noun.read)(&reply)?, &named))?;
    (act.fits)(&object).map_err(|why| {
        CliError::Failure(Failure::Refused {
            status: 409,
            code: "does_not_fit".to_owned(),
            detail: why,
            field: None,
            retry_after_s: None,
            request_id: None,
        })
    })?;
    draft.objects.push(object);
    Ok(draft)
}

/// The object and the fields, in the order in which they were written: with a filter there is no
/// object, so that the first word is the first field.
fn words(act: &Act, matches: &ArgMatches, filtered: bool) -> Result<(String, Values), CliError> {
    let mut arguments: Vec<&'static str> = act.fields.iter().map(|field| field.name).collect();
    if act.on != On::House {
        arguments.insert(0, "object");
    }
    let mut said = arguments.iter().map(|name| said(matches, name));
    let mut values = Values::default();
    let named = match (act.on, filtered) {
        (On::House, _) | (_, true) => String::new(),
        _ => said.next().unwrap_or_default(),
    };
    for field in act.fields {
        values.set(field.name, said.next().unwrap_or_default());
    }
    if said.next().is_some_and(|more| !more.is_empty()) {
        return Err(CliError::Usage(
            "give an OBJECT or --filter, not both".to_owned(),
        ));
    }
    Ok((named, values))
}

fn print_question(ask: &Ask) {
    exit::tell(&ask.title);
    for (_, line) in &ask.lines {
        exit::tell(&format!("  {line}"));
    }
}

/// `--yes`, `--confirm`, or a person at the terminal.
fn confirm(ask: &Ask, matches: &ArgMatches) -> Result<(), CliError> {
    let given = said(matches, "confirm");
    match &ask.confirm {
        Confirm::Yes if matches.get_flag("yes") => return Ok(()),
        Confirm::Word(word) if given == *word => return Ok(()),
        Confirm::Word(word) if !given.is_empty() => {
            return Err(CliError::Usage(format!("--confirm has to be {word:?}")));
        }
        _ => {}
    }
    let wanted = match &ask.confirm {
        Confirm::Yes => "y",
        Confirm::Word(word) => word,
    };
    if !std::io::stdin().is_terminal() {
        let option = match &ask.confirm {
            Confirm::Yes => "--yes".to_owned(),
            Confirm::Word(word) => format!("--confirm {word:?}"),
        };
        return Err(CliError::Usage(format!(
            "without a terminal this needs {option}"
        )));
    }
    write!(std::io::stderr(), "Type  {wanted}  to go on: ")?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed)?;
    if typed.trim() == wanted {
        Ok(())
    } else {
        Err(CliError::NotConfirmed)
    }
}

async fn send(
    act: &Act,
    client: &Client,
    draft: &Draft,
    call: &Call,
    matches: &ArgMatches,
) -> Result<Exit, CliError> {
    let run = run_id();
    let mut last: Option<Reply> = None;
    for (at, request) in call.requests.iter().enumerate() {
        let mut request = request.clone();
        request.idempotency_key = Some(format!("{run}-{at}"));
        last = Some(client.send(&request).await?);
    }
    let Some(reply) = last else {
        return Ok(Exit::Done);
    };
    if matches.get_flag("json") && !reply.body.is_empty() {
        let answer: serde_json::Value = reply.decode()?;
        output::json(&answer)?;
    }
    let done = (call.done)(draft, &reply)?;
    let undo = match (call.undo, reply.audit_id) {
        (true, Some(id)) => format!("; to take it back: binnacle-tui audit undo {id}"),
        _ => String::new(),
    };
    exit::tell(&format!("{}{undo}", done.text));
    for line in &done.reveal {
        output::line(line)?;
    }
    let mut skipped = done.skipped;
    if super::wait::is_wanted(act, matches) {
        let cancelled = (act.noun, act.verb) == ("jobs", "cancel") && !draft.is_bulk();
        let wanted = if cancelled {
            JobState::Cancelled
        } else {
            JobState::Succeeded
        };
        skipped += super::wait::until_over(client, &done.jobs, wanted).await?;
    }
    Ok(if skipped > 0 {
        Exit::Partly
    } else {
        Exit::Done
    })
}
