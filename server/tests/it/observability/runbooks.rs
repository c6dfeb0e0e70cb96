//! Whoever an alert wakes finds its page.

use std::collections::BTreeSet;

use super::{metrics, rules};
use crate::architecture::source::{expect_none, root};

/// What each page answers, in this order.
const SECTIONS: [&str; 4] = ["## What it means", "## See it", "## Do", "## Verify"];

#[test]
fn each_alert_has_a_page_and_each_page_an_alert() {
    let alerts: BTreeSet<String> = rules::all()
        .into_iter()
        .filter_map(|rule| rule.alert)
        .collect();
    let pages: BTreeSet<String> = std::fs::read_dir(root().join("docs/runbooks"))
        .expect("the runbooks")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()))
        .filter(|name| name != "README")
        .collect();
    pretty_assertions::assert_eq!(alerts, pages);
}

#[test]
fn an_alert_names_its_page_and_how_bad_it_is() {
    let mut breaches = Vec::new();
    for rule in rules::all() {
        let Some(alert) = rule.alert else { continue };
        let page = format!("{{{{ $externalLabels.house }}}}/runbooks/{alert}.md");
        if rule.annotations.get("runbook_url") != Some(&page) {
            breaches.push(format!("{alert}: runbook_url is not `{page}`"));
        }
        let severity = rule.labels.get("severity").map(String::as_str);
        if !matches!(severity, Some("page" | "ticket")) {
            breaches.push(format!("{alert}: severity is neither page nor ticket"));
        }
        for text in ["summary", "description"] {
            if !rule.annotations.contains_key(text) {
                breaches.push(format!("{alert}: no {text}"));
            }
        }
    }
    expect_none("Alerts lead to their runbook", breaches);
}

#[test]
fn a_runbook_answers_what_is_asked_at_night() {
    let known = metrics::known();
    let alerts: BTreeSet<String> = rules::all()
        .into_iter()
        .filter_map(|rule| rule.alert)
        .collect();
    let mut breaches = Vec::new();
    for alert in alerts {
        let path = root().join(format!("docs/runbooks/{alert}.md"));
        let text = std::fs::read_to_string(path).expect(&alert);
        let sections: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        if !text.starts_with(&format!("# {alert}\n")) || sections != SECTIONS {
            breaches.push(format!(
                "{alert}: not `# {alert}` with {}",
                SECTIONS.join(", ")
            ));
        }
        let query = text
            .split("```promql\n")
            .nth(1)
            .and_then(|rest| rest.split("```").next());
        let Some(query) = query else {
            breaches.push(format!("{alert}: no query to see it by"));
            continue;
        };
        for name in metrics::names(query) {
            if !known.contains(name) {
                breaches.push(format!("{alert}: its query reads {name}"));
            }
        }
    }
    expect_none("Runbooks have their parts", breaches);
}
