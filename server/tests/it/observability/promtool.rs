//! Prometheus' own checks, by the `promtool` of Debian's package.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::json;

use super::{boards, rules};
use crate::architecture::source::root;

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/install test installs it"))
}

#[track_caller]
fn passes(program: &str, arguments: &[&str]) {
    let output = run(program, arguments);
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{arguments:?}:\n{}",
        String::from_utf8_lossy(&said)
    );
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn rules_and_configuration_are_valid() {
    for name in ["objectives.yml", "alerts.yml"] {
        let file = text(&rules::folder().join("rules").join(name));
        passes("promtool", &["check", "rules", "--lint-fatal", &file]);
    }
    let file = text(&rules::folder().join("prometheus.yml"));
    passes(
        "promtool",
        &["check", "config", "--lint-fatal", "--syntax-only", &file],
    );
    for name in ["alertmanager.yml", "alertmanager.example.yml"] {
        let file = text(&root().join("dashboards/alertmanager").join(name));
        passes("amtool", &["check-config", &file]);
    }
}

/// Each alert is quiet, fires and ends where its case says so.
#[test]
fn the_cases_of_the_alerts_hold() {
    let cases = ["alerts", "daily", "objectives"].map(|name| {
        let file = text(&rules::folder().join(format!("tests/{name}_test.yml")));
        std::thread::spawn(move || passes("promtool", &["test", "rules", &file]))
    });
    for case in cases {
        case.join().expect("the cases hold");
    }
}

#[test]
fn each_alert_has_a_case() {
    let cases: String = ["alerts", "daily", "objectives"]
        .map(|name| {
            let file = rules::folder().join(format!("tests/{name}_test.yml"));
            std::fs::read_to_string(file).expect(name)
        })
        .concat();
    for alert in rules::all().into_iter().filter_map(|rule| rule.alert) {
        let fires = format!("alertname: {alert}\n        exp_alerts:\n          - ");
        assert!(cases.contains(&fires), "no case in which {alert} fires");
        let quiet = format!("alertname: {alert}, exp_alerts: []");
        assert!(
            cases.matches(&quiet).count() >= 2,
            "no case in which {alert} is quiet, and ends"
        );
    }
}

/// Expressions of the boards are written as rules, which promtool can read.
#[test]
fn boards_ask_in_promql() {
    let rules: Vec<_> = boards::expressions()
        .into_iter()
        .map(|expression| json!({"record": "x", "expr": boards::concrete(&expression), "labels": {"of": expression}}))
        .collect();
    assert!(rules.len() > 70, "the boards were not found");
    let file = tempfile::NamedTempFile::with_suffix(".yml").expect("a file");
    let groups = json!({"groups": [{"name": "boards", "rules": rules}]});
    std::fs::write(file.path(), groups.to_string()).expect("a file");
    passes(
        "promtool",
        &["check", "rules", "--lint=none", &text(file.path())],
    );
}
