//! Which metrics there are, and which an expression reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::rules;
use crate::architecture::source::{expect_none, pages, root};

/// What is shown besides the catalogue: by every Prometheus client, and by Prometheus of its targets.
const OF_OTHERS: [&str; 12] = [
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "up",
    "scrape_samples_post_metric_relabeling",
    "scrape_duration_seconds",
    "ALERTS",
];

/// Words of PromQL that stand where a metric could.
const WORDS: [&str; 27] = [
    "and",
    "or",
    "unless",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "offset",
    "inf",
    "nan",
    "sum",
    "avg",
    "min",
    "max",
    "count",
    "topk",
    "bottomk",
    "quantile",
    "stddev",
    "stdvar",
    "group",
    "count_values",
    "start",
    "end",
];

/// Words that are followed by a list of labels.
const LISTS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

/// The catalogue, as `docs/metrics.md` shows it: name and kind.
pub(super) fn catalogue() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).expect("the page");
    let (table, _) = page.split_once("## Buckets").expect("two tables");
    let rows = table.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.trim_end_matches('`').to_owned();
        Some((name, cells.next()?.to_owned()))
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 50, "the catalogue was not found");
    rows
}

/// The values that labels may have, by metric and label; none where they are open.
pub(super) fn domains() -> BTreeMap<(String, String), BTreeSet<String>> {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).expect("the page");
    let (_, table) = page.split_once("## Labels").expect("a table of labels");
    let mut domains = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
        let [label, values, metrics] = cells[..] else {
            panic!("{line}");
        };
        let spans = |cell: &str| -> Vec<String> {
            let spans = cell.split('`').skip(1).step_by(2);
            spans
                .map(|span| span.trim_matches('"').to_owned())
                .collect()
        };
        let values: BTreeSet<String> = if values.starts_with("`\"") {
            spans(values).into_iter().collect()
        } else {
            BTreeSet::new()
        };
        for metric in spans(metrics) {
            domains.insert((metric, label.trim_matches('`').to_owned()), values.clone());
        }
    }
    assert!(domains.len() > 60, "the labels were not found");
    domains
}

/// Every series that may be named, with the parts of histograms and what rules record.
pub(super) fn known() -> BTreeSet<String> {
    let mut known: BTreeSet<String> = OF_OTHERS.map(str::to_owned).into();
    for (name, kind) in catalogue() {
        if kind == "histogram" {
            known.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        }
        known.insert(name);
    }
    known.extend(rules::all().into_iter().filter_map(|rule| rule.record));
    known
}

/// Where an expression names series.
pub(super) fn places(expression: &str) -> Vec<Range<usize>> {
    let bytes = expression.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        at = match bytes[at] {
            b'"' => after(bytes, at, b'"'),
            b'{' => after(bytes, at, b'}'),
            b'[' => after(bytes, at, b']'),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                let end = end_of_word(bytes, at);
                let word = &expression[at..end];
                let next = expression[end..].trim_start();
                if LISTS.contains(&word) && next.starts_with('(') {
                    after(bytes, end, b')')
                } else {
                    if !WORDS.contains(&word) && !next.starts_with('(') {
                        found.push(at..end);
                    }
                    end
                }
            }
            // `5m` and `1e9` are one number.
            byte if byte.is_ascii_digit() => end_of_word(bytes, at),
            _ => at + 1,
        };
    }
    found
}

/// Behind the next `end` that does not stand in quotes.
fn after(bytes: &[u8], from: usize, end: u8) -> usize {
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate().skip(from + 1) {
        if *byte == end && !quoted {
            return at + 1;
        }
        quoted ^= *byte == b'"';
    }
    bytes.len()
}

fn end_of_word(bytes: &[u8], from: usize) -> usize {
    let length = bytes[from..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
        .count();
    from + length
}

/// The series that an expression reads.
pub(super) fn names(expression: &str) -> Vec<&str> {
    let places = places(expression).into_iter();
    places.map(|place| &expression[place]).collect()
}

/// The metric that a series belongs to.
pub(super) fn metric_of(series: &str) -> &str {
    let parts = ["_bucket", "_sum", "_count"];
    let cut = parts.iter().find_map(|part| series.strip_suffix(part));
    cut.unwrap_or(series)
}

#[test]
fn an_expression_is_read_for_its_series() {
    let expression = r#"topk(3, sum by (le, kind) (rate(a_bucket{b="c}", d=~"e|f"}[5m]))) / on (g) group_left max(h offset 5m) > 1e9 and i == bool 1"#;
    assert_eq!(names(expression), ["a_bucket", "h", "i"]);
    assert_eq!(names("binnacle:x:rate5m / 0.5"), ["binnacle:x:rate5m"]);
}

#[test]
fn rules_read_what_there_is() {
    let known = known();
    let mut breaches = Vec::new();
    for rule in rules::all() {
        let of = rule.alert.or(rule.record).expect("a name");
        let unknown = names(&rule.expr)
            .into_iter()
            .filter(|name| !known.contains(*name));
        breaches.extend(unknown.map(|name| format!("{of}: {name}")));
    }
    expect_none("Rules read series of the catalogue", breaches);
}

#[test]
fn pages_name_metrics_that_there_are() {
    let known = known();
    let labels: BTreeSet<String> = domains().into_keys().map(|(_, label)| label).collect();
    let mut breaches = Vec::new();
    for page in pages() {
        for span in page.text.split('`').skip(1).step_by(2) {
            let name = span.split(['{', '[', ' ']).next().unwrap_or_default();
            let is_metric = [
                "binnacle_",
                "binnacle:",
                "gen_ai_client_",
                "gemini_api_",
                "http_server_",
                "http_request",
                "llm_",
                "db_client_",
                "process_",
            ]
            .iter()
            .any(|prefix| name.starts_with(prefix));
            let is_word = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'));
            if is_metric
                && is_word
                && !labels.contains(name)
                && !name.ends_with('_')
                && !known.contains(name)
            {
                breaches.push(format!("{}: {name}", page.path));
            }
        }
    }
    expect_none("Pages name metrics of the catalogue", breaches);
}
