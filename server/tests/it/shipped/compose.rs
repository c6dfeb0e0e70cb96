//! The compose files, as docker-compose reads them.

use std::{collections::BTreeSet, process::Command};

use serde_yaml::{Mapping, Value};

use crate::architecture::source::{expect_none, root};

/// A compose file with anchors and variables filled in.
pub(super) fn read(file: &str) -> Value {
    let output = Command::new("docker-compose")
        .args(["--file", file, "--project-name", "test", "config"])
        .current_dir(root())
        .env("HOUSE_URL", "https://house.example.org")
        .env("SERVER_NAME", "house.example.org")
        .output()
        .expect("docker-compose runs; scripts/install test installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{file}: {said}");
    assert!(!said.contains("WARNING"), "{file}: {said}");
    serde_yaml::from_slice(&output.stdout).expect("YAML")
}

pub(super) fn services(file: &Value) -> Vec<(String, Value)> {
    let services = file["services"].as_mapping().expect("services");
    let named = services.iter();
    named
        .map(|(name, service)| (text(name), service.clone()))
        .collect()
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => serde_yaml::to_string(other)
            .expect("YAML")
            .trim()
            .to_owned(),
    }
}

pub(super) fn environment(service: &Value) -> Vec<(String, String)> {
    let none = Mapping::new();
    let pairs = service["environment"].as_mapping().unwrap_or(&none);
    pairs
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

fn list(value: &Value) -> Vec<String> {
    value
        .as_sequence()
        .map(|items| items.iter().map(text).collect())
        .unwrap_or_default()
}

fn keys(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Mapping(mapping) => mapping.keys().map(text).collect(),
        other => list(other).into_iter().collect(),
    }
}

#[test]
fn the_files_of_development_and_demo_are_valid_and_for_this_machine_alone() {
    for file in ["docker-compose.yml", "docker-compose.demo.yml"] {
        for (name, service) in services(&read(file)) {
            for port in list(&service["ports"]) {
                assert!(
                    port.starts_with("127.0.0.1:"),
                    "{file}: {name} shows {port}"
                );
            }
        }
    }
    let demo = read("docker-compose.demo.yml");
    assert_eq!(
        list(&demo["services"]["server"]["ports"]),
        ["127.0.0.1:8080:8000/tcp"]
    );
}

#[test]
fn every_production_service_is_confined() {
    let mut breaches = Vec::new();
    for (name, service) in services(&read("docker-compose.prod.yml")) {
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                breaches.push(format!("{name}: {what}"));
            }
        };
        demand(
            service["read_only"] == Value::Bool(true),
            "its root can be written",
        );
        demand(
            list(&service["cap_drop"]) == ["ALL"],
            "it keeps capabilities",
        );
        demand(
            list(&service["security_opt"]) == ["no-new-privileges:true"],
            "it may gain rights",
        );
        demand(
            text(&service["restart"]) == "unless-stopped",
            "it is not started again",
        );
        demand(
            !text(&service["logging"]["options"]["max-size"]).is_empty(),
            "its log grows",
        );
        let limits = &service["deploy"]["resources"]["limits"];
        demand(
            !text(&limits["memory"]).is_empty() && !text(&limits["cpus"]).is_empty(),
            "it has no limits",
        );
        let image = text(&service["image"]);
        let tag = image
            .rsplit_once(':')
            .map(|(_, tag)| tag.to_owned())
            .unwrap_or_default();
        demand(
            tag.starts_with(|first: char| first.is_ascii_digit() || first == 'v'),
            "its image has no version",
        );
        // The house's own images say who they run as; the Dockerfile's test looks.
        let own = image.starts_with("binnacle");
        let user = text(&service["user"]);
        demand(
            own || (!user.is_empty() && !user.starts_with('0')),
            "it runs as root",
        );
        demand(
            !keys(&service["networks"]).contains("default"),
            "it is on the default network",
        );
        demand(
            service["privileged"].is_null() && service["network_mode"].is_null(),
            "it shares the host",
        );
        for port in list(&service["ports"]) {
            demand(
                name == "proxy" || port.starts_with("127.0.0.1:"),
                "it is reached past the proxy",
            );
        }
        let answers = !matches!(name.as_str(), "backup" | "proxy");
        demand(
            !answers || !service["healthcheck"]["test"].is_null(),
            "nobody asks how it is",
        );
    }
    expect_none("Production services are confined", breaches);
}

#[test]
fn secrets_are_files_and_nowhere_else() {
    let file = read("docker-compose.prod.yml");
    let declared = keys(&file["secrets"]);
    let words = [
        "PASSWORD",
        "SECRET",
        "TOKEN",
        "API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
    ];
    let mut used = BTreeSet::new();
    for (name, service) in services(&file) {
        let granted: BTreeSet<String> = service["secrets"]
            .as_sequence()
            .into_iter()
            .flatten()
            .map(|secret| {
                text(if secret.is_mapping() {
                    &secret["source"]
                } else {
                    secret
                })
            })
            .collect();
        assert!(granted.is_subset(&declared), "{name}: {granted:?}");
        for (variable, value) in environment(&service) {
            if words.iter().any(|word| variable.contains(word)) {
                assert!(
                    variable.ends_with("_FILE"),
                    "{name}: {variable} is not a file"
                );
                let secret = value
                    .strip_prefix("/run/secrets/")
                    .expect("a secret's path");
                assert!(granted.contains(secret), "{name} is not given {secret}");
            }
        }
        used.extend(granted);
    }
    assert_eq!(used, declared, "every secret has a reader");
}

#[test]
fn stores_cannot_be_reached_from_outside_nor_reach_out() {
    let file = read("docker-compose.prod.yml");
    for network in ["stores", "watch"] {
        assert_eq!(
            file["networks"][network]["internal"],
            Value::Bool(true),
            "{network}"
        );
    }
    for (service, networks) in [
        ("postgres", vec!["stores"]),
        ("redis", vec!["stores"]),
        ("backup", vec!["stores"]),
        ("proxy", vec!["front"]),
        ("worker", vec!["outside", "stores", "watch"]),
    ] {
        let found = keys(&file["services"][service]["networks"]);
        let expected: BTreeSet<String> = networks.into_iter().map(str::to_owned).collect();
        assert_eq!(found, expected, "{service}");
    }
}

#[test]
fn what_is_mounted_exists() {
    for (name, service) in services(&read("docker-compose.prod.yml")) {
        for volume in list(&service["volumes"]) {
            let source = volume.split(':').next().unwrap_or_default();
            if let Some(at) = source.find("/dashboards/") {
                assert!(root().join(&source[at + 1..]).exists(), "{name}: {source}");
            }
        }
    }
}
