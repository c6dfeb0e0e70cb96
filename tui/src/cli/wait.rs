//! `--wait`: until the jobs that an act has started are over.

use std::time::Duration;

use api::console::{JobDetail, JobState};
use clap::{Arg, ArgAction, ArgMatches};

use super::{CliError, exit};
use crate::acts::Act;
use crate::client::Request;
use crate::client::auth::Client;

/// The server takes 120 requests a minute of one user.
const PAUSE: Duration = Duration::from_secs(1);

/// Acts after which a job goes on.
const STARTS: [(&str, &str); 9] = [
    ("jobs", "cancel"),
    ("jobs", "retry"),
    ("jobs", "replay"),
    ("budgets", "set"),
    ("budgets", "clear"),
    ("users", "disable"),
    ("users", "export"),
    ("users", "erase"),
    ("retention", "run"),
];

/// Whether there is something to wait for after an act.
pub(super) fn starts_jobs(act: &Act) -> bool {
    STARTS.contains(&(act.noun, act.verb))
}

pub(super) fn arg() -> Arg {
    Arg::new("wait")
        .long("wait")
        .action(ArgAction::SetTrue)
        .help("returns when the job is over; with 11 when it did not succeed")
}

pub(super) fn is_wanted(act: &Act, matches: &ArgMatches) -> bool {
    starts_jobs(act) && matches.get_flag("wait")
}

/// Returns when all of them are over; with the first that did not end as it should, else with how
/// many rows were left out.
pub(super) async fn until_over(
    client: &Client,
    jobs: &[i64],
    wanted: JobState,
) -> Result<i64, CliError> {
    let mut failed = Ok(());
    let mut left_out = 0;
    for id in jobs {
        let detail = end_of(client, *id).await?;
        let state = detail.job.state;
        let rows = detail.row_counts().map_or_else(String::new, |counts| {
            left_out += counts.skipped;
            format!(": {}", counts.in_words(|count| count.to_string()))
        });
        exit::tell(&format!("job {id} is {state}{rows}"));
        if state != wanted && failed.is_ok() {
            failed = Err(CliError::JobFailed { id: *id, state });
        }
    }
    failed.map(|()| left_out)
}

async fn end_of(client: &Client, id: i64) -> Result<JobDetail, CliError> {
    let request = Request::get(format!("/api/admin/jobs/{id}"));
    loop {
        let detail: JobDetail = client.send(&request).await?.decode()?;
        if detail.job.state.is_over() {
            return Ok(detail);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_are_acts() {
        for (noun, verb) in STARTS {
            assert!(
                crate::acts::nouns::act(noun, verb).is_some(),
                "{noun} {verb}"
            );
        }
    }
}
