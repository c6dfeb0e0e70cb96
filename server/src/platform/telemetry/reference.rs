//! The page that is made from the catalogue. It is written anew by running the tests with
//! `UPDATE_GENERATED=1`.

use std::fmt::Write;

use super::{DECLARATIONS, Declaration, Kind, labels::Domain};

/// The text of `docs/metrics.md`, in Markdown.
pub(crate) fn metrics_page() -> String {
    let mut page = String::from(PREFACE);
    for declaration in DECLARATIONS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            declaration.name,
            kind(declaration),
            labels(declaration),
            declaration.help.trim()
        );
    }
    page.push_str("\n## Buckets\n\n| histogram | upper bounds |\n|---|---|\n");
    for declaration in DECLARATIONS {
        if let Kind::Histogram(buckets) = declaration.kind {
            let bounds: Vec<String> = buckets.iter().map(ToString::to_string).collect();
            let _ = writeln!(page, "| `{}` | {} |", declaration.name, bounds.join(", "));
        }
    }
    page.push_str(LABELS);
    for (label, values, metrics) in label_rows() {
        let metrics: Vec<String> = metrics.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(page, "| `{label}` | {values} | {} |", metrics.join(", "));
    }
    page
}

/// Each label with its values, and the metrics where it has these.
fn label_rows() -> Vec<(&'static str, String, Vec<&'static str>)> {
    let mut rows: Vec<(&str, String, Vec<&str>)> = Vec::new();
    for declaration in DECLARATIONS {
        for label in declaration.labels {
            let values = values(declaration, label);
            match rows
                .iter_mut()
                .find(|(of, like, _)| of == label && *like == values)
            {
                Some((_, _, metrics)) => metrics.push(declaration.name),
                None => rows.push((label, values, vec![declaration.name])),
            }
        }
    }
    rows.sort_by_key(|(label, _, _)| *label);
    rows
}

fn values(declaration: &Declaration, label: &str) -> String {
    let list = |values: &[&str]| {
        let values: Vec<String> = values
            .iter()
            .map(|value| format!("`\"{value}\"`"))
            .collect();
        values.join(", ")
    };
    match declaration.domain(label) {
        Some(Domain::OneOf(values)) => list(values),
        Some(Domain::Known) => list(&declaration.known_values(label)),
        Some(Domain::Open(what, _)) => what.to_owned(),
        None => "undeclared".to_owned(),
    }
}

const LABELS: &str = "
## Labels

What a label may hold: one of these values, or what is said. Anything else would be shown as \
`\"other\"`.

| label | values | of |
|---|---|---|
";

fn kind(declaration: &Declaration) -> &'static str {
    match declaration.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

fn labels(declaration: &Declaration) -> String {
    if declaration.labels.is_empty() {
        return "none".to_owned();
    }
    let labels: Vec<String> = declaration
        .labels
        .iter()
        .map(|label| format!("`{label}`"))
        .collect();
    labels.join(", ")
}

const PREFACE: &str = "\
# Metrics

This page is made from the catalogue in `server/src/platform/telemetry/catalogue.rs`; a test \
compares them, and `UPDATE_GENERATED=1 cargo test -p server telemetry::` writes it anew.

`GET /metrics` answers in the text format of Prometheus. It may be read from the machine itself \
(directly, not through a proxy), from the networks of `METRICS_ALLOW_CIDRS`, and with the token \
of `METRICS_TOKEN`; by everybody with `METRICS_ALLOW_ALL=true`.

Units are in the names. Money is in nano-dollars: 1,000,000,000 are one dollar. Times at which \
something happened are seconds since 1970. Labels never hold ids, addresses, raw paths or text of \
users. Series whose labels are known beforehand are there from the start, at 0. Beside these there \
are the `process_*` metrics of every Prometheus client.

| metric | type | labels | what it is |
|---|---|---|---|
";
