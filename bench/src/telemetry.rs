//! What telemetry costs: the same load on a server that records nothing, on one that records its
//! metrics, and on one that sends a tenth of its traces too. And how long the page of metrics takes.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use poem::{Response, endpoint::make_sync};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    accept,
    aims::Verdict,
    governed::{Governed, Launch, Measured},
    load::{self, Target},
    report::{Subject, say},
};

const CONNECTIONS: usize = 16;
/// Servers take turns, so that a machine whose other load changes bends all alike.
const ROUNDS: usize = 6;
const SERIES: &str = "3000";
const SHARE_PERCENT: f64 = 2.0;
const RENDER_MS: f64 = 10.0;

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Cost {
    loads: Vec<Load>,
    page: Option<Page>,
}

/// Processor time of one answer, in milliseconds: the median of the rounds.
#[derive(Debug, Serialize)]
struct Load {
    subject: Subject,
    nothing_ms: f64,
    metrics_ms: f64,
    traces_ms: f64,
    /// How much more than nothing, in percent: the median of what the rounds had side by side.
    metrics_percent: f64,
    traces_percent: f64,
}

/// `GET /metrics`, as the server reckons it.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    series: usize,
    bytes: usize,
    render_p50_ms: f64,
    render_p99_ms: f64,
}

/// Takes whatever it is sent, as a collector does.
struct Collector {
    endpoint: String,
    _accepting: JoinSet<()>,
}

impl Collector {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let taken = make_sync(|_| Response::builder().finish());
            // Without it the spans are lost, which the server counts.
            let _ended = accept::serve(listener, taken).await;
        });
        Ok(Self {
            endpoint,
            _accepting: accepting,
        })
    }
}

/// Measures with this binary, in a folder of its own, on SQLite.
pub(crate) async fn measure(
    binary: &Path,
    folder: &Path,
    upstream: &str,
    quick: bool,
    length: Duration,
) -> anyhow::Result<Cost> {
    let collector = Collector::start().await?;
    let kinds = [
        Measured::Nothing,
        Measured::Metrics,
        Measured::Traces(&collector.endpoint),
    ];
    let folders: Vec<PathBuf> = (0..kinds.len())
        .map(|number| folder.join(format!("telemetry-{number}")))
        .collect();
    let mut servers = Vec::new();
    for (folder, measured) in folders.iter().zip(kinds) {
        std::fs::create_dir(folder)?;
        let launch = Launch {
            binary,
            folder,
            database_url: None,
            upstream,
            measured,
        };
        let (server, _) = Governed::start(launch).await?;
        let people = server.people(1).await?;
        servers.push((server, people));
    }
    let rounds = if quick { 2 } else { ROUNDS };
    let mut cost = Cost::default();
    for subject in [Subject::Stores, Subject::Chat] {
        let mut times = [const { Vec::new() }; 3];
        for round in 0..rounds {
            say(&format!(
                "Telemetry: {}, round {} of {rounds}",
                subject.name(),
                round + 1
            ));
            for turn in 0..servers.len() {
                let place = (round + turn) % servers.len();
                let (server, people) = &servers[place];
                let target = match subject {
                    Subject::Chat => server.chat(people),
                    _ => server.stores(people),
                };
                times[place].push(each(server, &target, length).await?);
            }
        }
        cost.loads.push(Load::of(subject, &times));
    }
    let launch = Launch {
        binary,
        folder: &folders[0],
        database_url: None,
        upstream,
        measured: Measured::Metrics,
    };
    cost.page = Some(page(launch)?);
    Ok(cost)
}

/// Processor time of one answer, in milliseconds.
async fn each(server: &Governed, target: &Target, length: Duration) -> anyhow::Result<f64> {
    let before = server.usage()?.processor;
    let (_, answers) = load::run(target, CONNECTIONS, length).await?;
    let used = server.usage()?.processor.saturating_sub(before);
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 answers")]
    let each = used.as_secs_f64() * 1_000.0 / answers.max(1) as f64;
    Ok(each)
}

impl Load {
    fn of(subject: Subject, [nothing, metrics, traces]: &[Vec<f64>; 3]) -> Self {
        let more = |than: &[f64]| {
            let pairs = than.iter().zip(nothing);
            median(
                pairs
                    .map(|(more, none)| (more / none - 1.0) * 100.0)
                    .collect(),
            )
        };
        Self {
            subject,
            nothing_ms: median(nothing.clone()),
            metrics_ms: median(metrics.clone()),
            traces_ms: median(traces.clone()),
            metrics_percent: more(metrics),
            traces_percent: more(traces),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    load::quantile(&values, 50)
}

fn page(launch: Launch<'_>) -> anyhow::Result<Page> {
    say("Telemetry: the page of metrics");
    let output = Governed::command(launch, "measure-metrics")?
        .args(["--series", SERIES])
        .output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`binnacle measure-metrics` ended with {}: {said}",
            output.status
        );
    }
    serde_json::from_slice(&output.stdout)
        .context("`binnacle measure-metrics` said something else than figures")
}

/// The figures as a table.
pub(crate) fn table(cost: &Cost, text: &mut String) -> std::fmt::Result {
    if !cost.loads.is_empty() {
        writeln!(
            text,
            "| processor ms each, {CONNECTIONS} connections, SQLite | nothing recorded | metrics | and a tenth of the traces | metrics | and traces |"
        )?;
        writeln!(text, "|---|--:|--:|--:|--:|--:|")?;
    }
    for load in &cost.loads {
        writeln!(
            text,
            "| {} | {:.3} | {:.3} | {:.3} | {:+.1} % | {:+.1} % |",
            load.subject.name(),
            load.nothing_ms,
            load.metrics_ms,
            load.traces_ms,
            load.metrics_percent,
            load.traces_percent,
        )?;
    }
    if let Some(page) = &cost.page {
        writeln!(text)?;
        writeln!(text, "| page of metrics | size | rendered, p50 | p99 |")?;
        writeln!(text, "|--:|--:|--:|--:|")?;
        writeln!(
            text,
            "| {} series | {} KiB | {:.2} ms | {:.2} ms |\n",
            page.series,
            page.bytes / 1_024,
            page.render_p50_ms,
            page.render_p99_ms,
        )?;
    }
    Ok(())
}

/// What the figures should be: of the house at full load, which answers questions. What a read of a
/// twentieth of that pays stands in the table.
pub(crate) fn judge(cost: &Cost) -> Vec<Verdict> {
    let share = (SHARE_PERCENT, "%");
    let is_full = |load: &&Load| matches!(load.subject, Subject::Chat);
    let loads = cost.loads.iter().filter(is_full).flat_map(|load| {
        let place = |with: &str| format!("{}, {with}", load.subject.name());
        [
            ("metrics", load.metrics_percent),
            ("metrics and traces", load.traces_percent),
        ]
        .map(|(with, percent)| {
            Verdict::at_most(
                "telemetry < 2 % of the processor",
                place(with),
                percent,
                share,
            )
        })
    });
    let page = cost.page.iter().map(|page| {
        let place = format!("{} series", page.series);
        let limit = (RENDER_MS, "ms");
        Verdict::at_most(
            "metrics rendered within 10 ms",
            place,
            page.render_p99_ms,
            limit,
        )
    });
    loads.chain(page).collect()
}
