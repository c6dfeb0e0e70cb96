//! Prometheus' own checks, by the `promtool` of Debian's package.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

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
    for name in ["prometheus.yml", "one-machine.yml"] {
        let file = text(&rules::folder().join(name));
        passes(
            "promtool",
            &["check", "config", "--lint-fatal", "--syntax-only", &file],
        );
    }
    for name in ["alertmanager.yml", "alertmanager.example.yml"] {
        let file = text(&root().join("dashboards/alertmanager").join(name));
        passes("amtool", &["check-config", &file]);
    }
}

fn yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("a file");
    serde_yaml::from_str(&text).expect("YAML")
}

/// The alert TargetMissing asks for a target of that label, which no process says of itself.
#[test]
fn prometheus_knows_servers_from_workers() {
    let named = &yaml(&rules::folder().join("prometheus.yml"))["scrape_configs"][0];
    let label = json!([{"source_labels": ["__meta_dns_name"], "target_label": "service"}]);
    assert_eq!(named["relabel_configs"], label);
    assert_eq!(named["dns_sd_configs"][0]["names"], json!(["server"]));
    let listed = &yaml(&rules::folder().join("one-machine.yml"))["scrape_configs"][0];
    let label = &listed["static_configs"][0]["labels"]["service"];
    assert_eq!(label, "server");
    for job in [named, listed] {
        assert_eq!(job["job_name"], "binnacle");
    }
}

/// A worker that is gone, which is a ticket, must not silence what pages.
#[test]
fn no_ticket_silences_a_page() {
    for name in ["alertmanager.yml", "alertmanager.example.yml"] {
        let file = yaml(&root().join("dashboards/alertmanager").join(name));
        let rules = file["inhibit_rules"].as_array().expect("rules");
        let mut seen = 0;
        for rule in rules {
            let sources = rule["source_matchers"].to_string();
            if sources.contains("TargetMissing") {
                assert!(sources.contains(r#"severity=\"page\""#), "{sources}");
                seen += 1;
            }
        }
        assert_eq!(seen, 1, "{name}");
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
