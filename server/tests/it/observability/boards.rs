//! The boards of `dashboards/grafana`: made from `dashboards/boards`, and written anew by running the
//! tests with `UPDATE_GENERATED=1`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{board::Board, metrics, rules};
use crate::architecture::source::{expect_none, root};

/// The boards, by name.
const NAMES: [&str; 8] = [
    "overview", "chat", "money", "jobs", "streams", "abuse", "data", "process",
];

/// Each board as Grafana reads it.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let read = |name: &'static str| {
        let path = root().join(format!("dashboards/boards/{name}.toml"));
        let text = std::fs::read_to_string(path).expect(name);
        let board = Board::read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, board.json(name))
    };
    NAMES.map(read).into()
}

/// The panels of a board, without the heads of its rows.
pub(super) fn panels(board: &Value) -> impl Iterator<Item = &Value> {
    let panels = board["panels"].as_array().expect("panels");
    panels.iter().filter(|panel| panel["type"] != "row")
}

/// Every expression of every panel.
pub(super) fn expressions() -> Vec<String> {
    let boards = all();
    let panels = boards.iter().flat_map(|(_, board)| panels(board));
    let targets = panels.flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("a text").to_owned());
    expressions.collect()
}

/// An expression with Grafana's variables filled in, as for all processes and the last minutes.
pub(super) fn concrete(expression: &str) -> String {
    expression
        .replace("$__rate_interval", "1m")
        .replace("$__range", "5m")
        .replace("$job", ".+")
        .replace("$instance", ".+")
}

#[test]
fn the_boards_are_what_their_sources_say() {
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    for (name, board) in all() {
        let path = root().join(format!("dashboards/grafana/boards/{name}.json"));
        let text = serde_json::to_string_pretty(&board).expect("JSON") + "\n";
        if update {
            std::fs::write(&path, &text).expect("the board is written");
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == text,
            "{name}.json is not what its source says: run the test with UPDATE_GENERATED=1"
        );
    }
}

#[test]
fn no_other_board_lies_there() {
    for (folder, extension) in [("boards", "toml"), ("grafana/boards", "json")] {
        let names: BTreeSet<String> = std::fs::read_dir(root().join("dashboards").join(folder))
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        let expected = NAMES.map(|name| format!("{name}.{extension}"));
        assert_eq!(names, expected.into());
    }
}

#[test]
fn boards_show_what_there_is() {
    let known = metrics::known();
    let mut breaches = Vec::new();
    for expression in expressions() {
        let unknown = metrics::names(&expression)
            .into_iter()
            .filter(|name| !known.contains(*name));
        breaches.extend(unknown.map(str::to_owned));
    }
    expect_none("Boards read series of the catalogue", breaches);
}

/// A metric that nobody sees is not worth its series.
#[test]
fn every_metric_is_seen() {
    let rules = rules::all();
    let expressions = expressions();
    let texts = expressions
        .iter()
        .chain(rules.iter().map(|rule| &rule.expr));
    let read: BTreeSet<&str> = texts
        .flat_map(|text| metrics::names(text))
        .flat_map(|series| [series, metrics::metric_of(series)])
        .collect();
    let unseen = metrics::catalogue().into_iter().map(|(name, _)| name);
    let unseen = unseen.filter(|name| !read.contains(name.as_str()));
    expect_none("Every metric is on a board or in a rule", unseen.collect());
}
