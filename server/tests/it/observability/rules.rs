//! The rules of `dashboards/prometheus`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use crate::architecture::source::root;

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A recorded series or an alert.
#[derive(Deserialize)]
pub(super) struct Rule {
    pub(super) alert: Option<String>,
    pub(super) record: Option<String>,
    pub(super) expr: String,
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) annotations: BTreeMap<String, String>,
}

/// Where they stand.
pub(super) fn folder() -> PathBuf {
    root().join("dashboards/prometheus")
}

/// Every rule.
pub(super) fn all() -> Vec<Rule> {
    let mut rules = Vec::new();
    for name in ["objectives.yml", "alerts.yml"] {
        let path = folder().join("rules").join(name);
        let text = std::fs::read_to_string(path).expect(name);
        let file: File = serde_yaml::from_str(&text).expect(name);
        rules.extend(file.groups.into_iter().flat_map(|group| group.rules));
    }
    assert!(rules.len() > 50, "the rules were not found");
    rules
}
