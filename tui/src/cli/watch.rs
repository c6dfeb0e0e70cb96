//! The house on plain lines: a picture at once, events as they come. The way in for scripts and for
//! screen readers.

use api::console::{Alarm, Alarms, FeedEvent, Topic};
use clap::{Arg, ArgAction, ArgMatches, Command};
use tokio::signal::ctrl_c;
use tokio::sync::mpsc;

use super::nouns::said;
use super::{CliError, Exit, output};
use crate::client::auth::Client;
use crate::client::backoff::Backoff;
use crate::client::{Failure, Request, feed};
use crate::message::FeedMessage;
use crate::text::clean::clean;
use crate::text::units;

/// Lines that wait to be printed.
const QUEUE: usize = 256;

/// `overview` and `events`.
pub(super) fn commands() -> [Command; 2] {
    let topics: Vec<&str> = Topic::ALL.iter().map(|topic| topic.word()).collect();
    let events = Command::new("events")
        .about("what happens, one line each, until it is interrupted")
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("one JSON object a line: id, event, data"),
        )
        .arg(
            Arg::new("topics")
                .long("topics")
                .value_name("A,B")
                .help(format!("of {}", topics.join(", "))),
        )
        .arg(
            Arg::new("since")
                .long("since")
                .value_name("ID")
                .help("goes on after that event"),
        );
    [super::overview::command(), events]
}

/// `alarms check` and `alarms watch`.
pub(super) fn alarm_commands() -> [Command; 2] {
    [
        Command::new("check").about("exits with 10 when there are alarms"),
        Command::new("watch").about("each alarm on a line, as it begins and ends"),
    ]
}

/// Runs `events`.
pub(super) async fn run(client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let json = matches.get_flag("json");
    let topics = said(matches, "topics");
    for word in topics.split(',').filter(|word| !word.is_empty()) {
        if Topic::from_word(word).is_none() {
            return Err(CliError::Usage(format!("there is no topic {word:?}")));
        }
    }
    let since = said(matches, "since");
    let since = (!since.is_empty()).then_some(since);
    follow(client, &topics, since, |id, event, data| {
        if json {
            let data: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
            let line = serde_json::json!({"id": id, "event": event, "data": data});
            return output::line(&line.to_string());
        }
        match FeedEvent::read(event, data) {
            Ok(Some(event)) => match told(&event) {
                Some(text) => output::line(&clean(&text)),
                None => Ok(()),
            },
            Ok(None) | Err(_) => Ok(()),
        }
    })
    .await
}

/// Runs `alarms check` and `alarms watch`.
pub(super) async fn alarms(verb: &str, client: &Client) -> Result<Exit, CliError> {
    let reply = client.send(&Request::get("/api/admin/alarms")).await?;
    let alarms: Alarms = reply.decode()?;
    for alarm in &alarms.items {
        output::line(&alarm_line(alarm))?;
    }
    if verb == "check" {
        return Ok(if alarms.items.is_empty() {
            Exit::Done
        } else {
            Exit::Alarms
        });
    }
    follow(
        client,
        "alarms",
        None,
        |_, event, data| match FeedEvent::read(event, data) {
            Ok(Some(event @ FeedEvent::Alarm(_))) => match told(&event) {
                Some(text) => output::line(&clean(&text)),
                None => Ok(()),
            },
            _ => Ok(()),
        },
    )
    .await
}

pub(super) fn alarm_line(alarm: &Alarm) -> String {
    let text = format!(
        "{} {} since {}: {}",
        alarm.severity,
        alarm.id,
        units::moment(alarm.since_at),
        alarm.text
    );
    clean(&text).into_owned()
}

/// An event on a line.
fn told(event: &FeedEvent) -> Option<String> {
    Some(match event {
        FeedEvent::Job(job) => {
            let error = job.error.as_ref().map_or("", |error| error.class.as_str());
            format!(
                "{} job {} {} {} {error}",
                units::clock(job.updated_at),
                job.id,
                job.kind,
                job.state
            )
        }
        FeedEvent::Alarm(change) => match (&change.set, &change.clear) {
            (Some(alarm), _) => alarm_line(alarm),
            (None, Some(id)) => format!("over: {id}"),
            (None, None) => return None,
        },
        FeedEvent::Audit(entry) => format!(
            "{} audit {} {} {} {}",
            units::clock(entry.at),
            entry.id,
            entry.actor_email.as_deref().unwrap_or("system"),
            entry.action,
            entry.target_label.as_deref().unwrap_or_default()
        ),
        FeedEvent::Pulse(pulse) => format!(
            "{} {} streams {} queued {}",
            units::clock(pulse.at),
            units::per_second(pulse.requests_per_s),
            pulse.streams.open,
            pulse.jobs.queued
        ),
        FeedEvent::Retention(run) => format!("run {} {} {}", run.id, run.class, run.outcome),
        FeedEvent::Provider(provider) => {
            format!("provider {} {}", provider.name, provider.state)
        }
        FeedEvent::Account(change) => format!("user {} changed", change.id),
        FeedEvent::Streams(change) => format!(
            "streams {} changed, {} ended",
            change.upsert.len(),
            change.remove.len()
        ),
        FeedEvent::Lost(lost) => format!("lost {} events of {}", lost.count, lost.topic),
        FeedEvent::Snapshot(_) | FeedEvent::Bye(_) => return None,
    })
}

/// Reads the feed to its end, or until it is interrupted. A broken line is taken up again.
async fn follow(
    client: &Client,
    topics: &str,
    since: Option<String>,
    mut print: impl FnMut(&str, &str, &str) -> Result<(), CliError>,
) -> Result<Exit, CliError> {
    let (out, mut inbox) = mpsc::channel(QUEUE);
    let mut last_id = since;
    let mut backoff = Backoff::default();
    let reading = async {
        loop {
            let outcome = feed::read(client, topics, &mut last_id, &out, &mut backoff).await;
            match outcome {
                Ok(()) => return Ok(()),
                Err(failure @ (Failure::Network { .. } | Failure::TimedOut { .. })) => {
                    super::exit::tell(&failure.to_string());
                    tokio::time::sleep(backoff.next(crate::runtime::clock::jitter())).await;
                }
                Err(failure) => return Err(CliError::Failure(failure)),
            }
        }
    };
    tokio::pin!(reading);
    loop {
        tokio::select! {
            ended = &mut reading => return ended.map(|()| Exit::Done),
            _ = ctrl_c() => return Ok(Exit::Interrupted),
            Some(message) = inbox.recv() => {
                if let FeedMessage::Event { id, event, data } = message {
                    print(&id, &event, &data)?;
                }
            }
        }
    }
}
