//! The queue of jobs by itself: `binnacle measure-queue` on an empty database, and on one with a
//! million finished jobs.

use std::fmt::Write as _;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::{
    aims::Verdict,
    governed::{Governed, Launch},
    report::Store,
};

/// Finished jobs that must not slow the queue.
const FULL: u64 = 1_000_000;
const JOBS: usize = 5_000;
const JOBS_PER_SECOND: f64 = 2_000.0;
const PICK_UP_MS: f64 = 50.0;

/// What the server says of its queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Figures {
    finished: u64,
    enqueued_per_second: f64,
    rounds: Vec<Round>,
    pick_up_p50_ms: f64,
    pick_up_p99_ms: f64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Round {
    workers: usize,
    jobs_per_second: f64,
}

/// The queue on one store.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Queued {
    store: Store,
    figures: Figures,
}

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    jobs: usize,
    pub(crate) finished: u64,
}

impl Load {
    /// An empty table, then a full one.
    pub(crate) const fn both(quick: bool) -> [Self; 2] {
        let (jobs, finished) = if quick { (500, 20_000) } else { (JOBS, FULL) };
        [Self { jobs, finished: 0 }, Self { jobs, finished }]
    }
}

/// Measures on the launch's database, which has no jobs.
pub(crate) fn measure(launch: Launch<'_>, store: Store, load: Load) -> anyhow::Result<Queued> {
    let jobs = load.jobs.to_string();
    let finished = load.finished.to_string();
    let arguments = ["--jobs", &jobs, "--finished", &finished];
    let output = Governed::command(launch, "measure-queue")?
        .args(arguments)
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`binnacle measure-queue` ended with {}: {said}",
            output.status
        );
    }
    let figures = serde_json::from_slice(&output.stdout)
        .context("`binnacle measure-queue` said something else than figures")?;
    Ok(Queued { store, figures })
}

/// The figures as a table.
pub(crate) fn table(queues: &[Queued], text: &mut String) -> std::fmt::Result {
    let Some(first) = queues.first() else {
        return Ok(());
    };
    let workers: Vec<String> = first
        .figures
        .rounds
        .iter()
        .map(|round| format!("jobs/s, {} workers", round.workers))
        .collect();
    writeln!(
        text,
        "| queue on | finished jobs | added/s | {} | pick-up p50 ms | pick-up p99 ms |",
        workers.join(" | ")
    )?;
    writeln!(
        text,
        "|---|--:|--:|{}--:|--:|",
        "--:|".repeat(workers.len())
    )?;
    for Queued { store, figures } in queues {
        let rounds: Vec<String> = figures
            .rounds
            .iter()
            .map(|round| format!("{:.0}", round.jobs_per_second))
            .collect();
        writeln!(
            text,
            "| {} | {} | {:.0} | {} | {:.2} | {:.2} |",
            store.name(),
            figures.finished,
            figures.enqueued_per_second,
            rounds.join(" | "),
            figures.pick_up_p50_ms,
            figures.pick_up_p99_ms,
        )?;
    }
    writeln!(text)
}

/// What the figures should be.
pub(crate) fn judge(queued: &Queued) -> Vec<Verdict> {
    let Queued { store, figures } = queued;
    let best = figures
        .rounds
        .iter()
        .map(|round| round.jobs_per_second)
        .fold(0.0, f64::max);
    let place = format!("{}, {} finished jobs", store.name(), figures.finished);
    vec![
        Verdict::at_least(
            "queue ≥ 2,000 jobs/s".to_owned(),
            place.clone(),
            best / JOBS_PER_SECOND,
            1.0,
        ),
        Verdict::at_most(
            "pick-up p99 < 50 ms",
            place,
            figures.pick_up_p99_ms,
            (PICK_UP_MS, "ms"),
        ),
    ]
}
