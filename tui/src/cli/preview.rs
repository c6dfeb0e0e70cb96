//! `retention preview`: what the next run would delete.

use api::console::RetentionPreview;
use clap::{Arg, ArgMatches, Command};
use serde_json::Value;

use super::columns::FORECAST;
use super::nouns::said;
use super::output::{self, Form};
use super::{CliError, Exit, exit};
use crate::client::Request;
use crate::client::auth::Client;
use crate::screens::retention::PATH;
use crate::text::units;

pub(super) fn command() -> Command {
    Command::new("preview")
        .about("what the next run would delete, class by class")
        .arg(
            Arg::new("classes")
                .value_name("CLASS,CLASS")
                .help("these classes; all when it is not said"),
        )
        .arg(
            Arg::new("days")
                .long("days")
                .value_name("N")
                .requires("classes")
                .help("supposes that one class is kept for so many days"),
        )
        .args(output::args())
}

pub(super) async fn run(client: &Client, matches: &ArgMatches) -> Result<Exit, CliError> {
    let Some(("preview", matches)) = matches.subcommand() else {
        return Err(CliError::Usage("retention what?".to_owned()));
    };
    let request = Request::get(format!("{PATH}/preview"))
        .with("classes", said(matches, "classes"))
        .with("days", said(matches, "days"));
    let reply = client.send(&request).await?;
    let form = Form::of(matches);
    if form.json {
        output::json(&reply.decode::<Value>()?)?;
        return Ok(Exit::Done);
    }
    let preview: RetentionPreview = reply.decode()?;
    let rows: Vec<Value> = preview
        .items
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<_, _>>()
        .map_err(std::io::Error::from)?;
    output::rows(&rows, &form, FORECAST)?;
    let all = |field: fn(&api::console::RetentionForecast) -> i64| -> i64 {
        preview.items.iter().map(field).sum()
    };
    exit::tell(&format!(
        "in all {} rows, {} files, {}",
        units::count_i(all(|class| class.rows)),
        units::count_i(all(|class| class.blobs)),
        units::bytes(all(|class| class.bytes).unsigned_abs())
    ));
    Ok(Exit::Done)
}
