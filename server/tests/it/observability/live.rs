//! Every expression of every board and rule, asked of a real Prometheus that scrapes a real server at
//! real work.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{boards, metrics, prometheus::Prometheus, scaled, workload::Used};
use crate::architecture::source::expect_none;

/// How long the work may take until it has touched everything.
const PATIENCE: Duration = Duration::from_secs(75);

/// What work that goes well does not touch, and why.
const UNTOUCHED: [(&str, &str); 9] = [
    ("ALERTS", "no alert fires in a house that is well"),
    ("binnacle_feed_lost_total", "no reader is too slow"),
    ("binnacle_job_rescues_total", "no worker dies"),
    ("binnacle_job_lease_lost_total", "no worker freezes"),
    (
        "binnacle_job_oldest_ready_timestamp_seconds",
        "0, left out, while no job waits",
    ),
    (
        "binnacle_budget_oldest_reservation_timestamp_seconds",
        "0, left out, while no hold is left to itself",
    ),
    (
        "binnacle_ratelimit_backend_degraded",
        "no Redis is configured, so none is missed",
    ),
    (
        "binnacle_ratelimit_fallbacks_total",
        "no Redis is configured, so none is missed",
    ),
    (
        "binnacle_retention_held_back_rows",
        "set by a run of this process alone",
    ),
];

fn is_excused(expression: &str) -> bool {
    let names = metrics::names(expression);
    UNTOUCHED.iter().any(|(metric, _)| names.contains(metric))
}

/// Whether there is a series with a number.
fn shows(series: &[Value]) -> bool {
    series.iter().any(|series| {
        series["value"][1]
            .as_str()
            .is_some_and(|value| value != "NaN")
    })
}

/// Asks until everything has shown a number; answers what has not, and what could not be asked.
async fn unseen(prometheus: &Prometheus, expressions: Vec<String>) -> Vec<String> {
    let mut waiting = expressions;
    let deadline = Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    loop {
        ticks.tick().await;
        let mut still = Vec::new();
        for expression in waiting {
            let asked = expression.replace("[1m]", "[15s]").replace("[5m]", "[1m]");
            match prometheus.ask(&asked).await {
                Ok(series) if shows(&series) || is_excused(&expression) => {}
                Ok(_) => still.push(expression),
                Err(error) => return vec![format!("{expression}: {error}")],
            }
        }
        if still.is_empty() || Instant::now() > deadline {
            return still;
        }
        waiting = still;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_of_boards_and_rules_shows_what_happened() {
    let house = Used::open().await;
    let prometheus = Prometheus::watching(&[&house.server.base], &scaled::all()).await;
    let boards = boards::expressions();
    let mut expressions: Vec<String> = boards.iter().map(|text| boards::concrete(text)).collect();
    // What alerts compare must be there, though the comparison holds for nothing.
    let rules = super::rules::all();
    let series: BTreeSet<&str> = rules
        .iter()
        .flat_map(|rule| metrics::names(&rule.expr))
        .collect();
    expressions.extend(series.into_iter().map(str::to_owned));

    let unseen = house.until(unseen(&prometheus, expressions)).await;

    expect_none("Every expression shows a number", unseen);
    let ill: Vec<String> = prometheus
        .rules()
        .await
        .iter()
        .filter(|rule| rule["health"] != "ok")
        .map(|rule| format!("{}: {}", rule["name"], rule["lastError"]))
        .collect();
    expect_none("Every rule can be evaluated", ill);
    assert_eq!(prometheus.ever_fired().await, BTreeSet::new());
    let page = house.ada_reads("/metrics").await;
    shown_is_documented(&page);
    labels_hold_what_is_declared(&page);
    is_accepted_by_promtool(&page);
    house.end().await;
}

fn shown_is_documented(page: &str) {
    let known = metrics::known();
    let shown = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = shown.filter_map(|line| line.split(' ').next());
    let unknown = names
        .filter(|name| !known.contains(*name))
        .map(str::to_owned);
    expect_none(
        "Every metric that is shown is in the catalogue",
        unknown.collect(),
    );
}

fn labels_hold_what_is_declared(page: &str) {
    let domains = metrics::domains();
    let mut breaches = BTreeSet::new();
    let mut seen = 0;
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, labels)) = line.split_once('{') else {
            continue;
        };
        let (labels, _) = labels.rsplit_once('}').expect("labels end");
        for pair in labels.strip_suffix('"').unwrap_or(labels).split("\",") {
            let (label, value) = pair.split_once("=\"").expect("a label");
            if label == "le" {
                continue;
            }
            seen += 1;
            let of = (metrics::metric_of(series).to_owned(), label.to_owned());
            match domains.get(&of) {
                Some(values) if values.is_empty() => {
                    let is_id =
                        |part: &str| part.len() > 3 && part.bytes().all(|b| b.is_ascii_digit());
                    if value.contains(['@', ' ']) || value.split(['/', '-']).any(is_id) {
                        breaches.insert(format!("{line}: an id, an address or free text"));
                    }
                }
                Some(values) if values.contains(value) => {}
                Some(_) => _ = breaches.insert(format!("{line}: {label} may not be that")),
                None => _ = breaches.insert(format!("{line}: {label} is not declared")),
            }
        }
    }
    assert!(seen > 500, "{seen} labels are not the page");
    expect_none(
        "Labels hold what is declared",
        breaches.into_iter().collect(),
    );
}

fn is_accepted_by_promtool(page: &str) {
    let mut check = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool runs");
    let mut pipe = check.stdin.take().expect("a pipe");
    pipe.write_all(page.as_bytes()).expect("it reads");
    drop(pipe);
    let said = check.wait_with_output().expect("it ends");
    assert!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
}
