//! `overview`: the house at a glance, in plain lines.

use api::console::{Pulse, Severity, Snapshot};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{CliError, Exit, output, watch};
use crate::client::Request;
use crate::client::auth::Client;
use crate::text::clean::clean;
use crate::text::units::{self, UNKNOWN};

pub(super) fn command() -> Command {
    let json = || {
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .help("prints everything that the server tells")
    };
    Command::new("overview")
        .about("the state of the house in numbers")
        .arg(json())
        .subcommand(Command::new("show").about("the same").arg(json()))
}

pub(super) async fn run(client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let asked = matches.get_flag("json")
        || matches
            .subcommand()
            .is_some_and(|(_, matches)| matches.get_flag("json"));
    let reply = client.send(&Request::get("/api/admin/overview")).await?;
    let snapshot: Snapshot = reply.decode()?;
    if asked {
        output::json(&serde_json::to_value(snapshot).map_err(std::io::Error::from)?)?;
        return Ok(Exit::Done);
    }
    for (name, text) in lines(&snapshot) {
        output::line(&clean(&format!("{name:<11}{text}")))?;
    }
    for alarm in &snapshot.alarms {
        output::line(&watch::alarm_line(alarm))?;
    }
    Ok(Exit::Done)
}

/// Each a name and what there is to say.
fn lines(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let pulse = &snapshot.pulse;
    let worst = snapshot.alarms.iter().map(|alarm| alarm.severity).max();
    let verdict = match worst {
        None => "WELL".to_owned(),
        Some(Severity::Warn) => format!("LOOK: {} alarms", snapshot.alarms.len()),
        Some(Severity::Bad) => format!("ILL: {} alarms", snapshot.alarms.len()),
    };
    let money = &snapshot.money.budget;
    let or_unknown = |nanos: Option<i64>| nanos.map_or_else(|| UNKNOWN.to_owned(), units::money);
    let providers: Vec<String> = snapshot
        .providers
        .iter()
        .map(|provider| format!("{} {}", provider.name, provider.state))
        .collect();
    vec![
        ("house", verdict),
        ("requests", requests(pulse)),
        (
            "streams",
            format!(
                "{} of {}, {} tokens",
                pulse.streams.open,
                pulse.streams.capacity,
                units::per_second(pulse.tokens_out_per_s)
            ),
        ),
        (
            "jobs",
            format!(
                "{} queued, {} running, {} retrying, {} wait for money, {} for an answer, {} failed in 24 h",
                pulse.jobs.queued,
                pulse.jobs.running,
                pulse.jobs.retrying,
                pulse.jobs.awaiting_budget,
                pulse.jobs.awaiting_input,
                pulse.jobs.failed_24h
            ),
        ),
        (
            "money",
            format!(
                "{} spent of {} in {}, {} held, forecast {}",
                units::money(money.spent_nanos),
                or_unknown(money.limit_nanos),
                money.period,
                units::money(money.held_nanos),
                or_unknown(money.forecast_nanos)
            ),
        ),
        ("providers", providers.join(", ")),
    ]
}

fn requests(pulse: &Pulse) -> String {
    let unknown = || UNKNOWN.to_owned();
    let ms = |ms: Option<f64>| ms.map_or_else(unknown, |ms| units::duration_ms(units::whole(ms)));
    format!(
        "{}, errors {}, p50 {} p95 {} p99 {}",
        units::per_second(pulse.requests_per_s),
        pulse.error_ratio.map_or_else(unknown, units::percent_fine),
        ms(pulse.latency_ms.p50),
        ms(pulse.latency_ms.p95),
        ms(pulse.latency_ms.p99)
    )
}
