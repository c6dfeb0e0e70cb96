//! The compose files, as docker-compose reads them.

use std::{collections::BTreeSet, net::Ipv4Addr, path::Path, process::Command};

use serde_yaml::{Mapping, Value};

use crate::architecture::source::{expect_none, root};

/// A compose file with anchors and variables filled in.
pub(super) fn read(file: &str) -> Value {
    let settings = tempfile::NamedTempFile::new().expect("a file");
    read_with(file, settings.path())
}

/// As [`read`], in a house with these settings in its `.env.prod`.
fn read_with(file: &str, settings: &Path) -> Value {
    let output = Command::new("docker-compose")
        .args(["--file", file, "--project-name", "test", "config"])
        .current_dir(root())
        .env("HOUSE_URL", "https://house.example.org")
        .env("SERVER_NAME", "house.example.org")
        .env("ENV_FILE", settings)
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

/// First address and length of what is written as `172.30.8.0/24`.
fn block(text: &str) -> (u32, u32) {
    let (address, length) = text.split_once('/').expect("a block");
    let address: Ipv4Addr = address.parse().expect("an address");
    (address.to_bits(), length.parse().expect("a length"))
}

fn holds((first, length): (u32, u32), address: u32) -> bool {
    let mask = u32::MAX << (32 - length);
    address & mask == first & mask
}

#[test]
fn nobody_is_given_the_proxys_address() {
    let file = read("docker-compose.prod.yml");
    let network = &file["networks"]["front"]["ipam"]["config"][0];
    let (all, given_out) = (
        block(&text(&network["subnet"])),
        block(&text(&network["ip_range"])),
    );
    let proxy = &file["services"]["proxy"]["networks"]["front"]["ipv4_address"];
    let address: Ipv4Addr = text(proxy).parse().expect("an address");
    assert!(holds(all, address.to_bits()) && holds(all, given_out.0));
    assert!(!holds(given_out, address.to_bits()), "{address}");
    for name in ["server", "worker", "backup"] {
        let believed = environment(&file["services"][name]);
        let pair = ("TRUSTED_PROXY_IPS".to_owned(), address.to_string());
        assert!(believed.contains(&pair), "{name}: {believed:?}");
    }
}

#[test]
fn any_setting_of_env_prod_reaches_the_house_and_not_its_door() {
    let settings = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(
        settings.path(),
        "AI_BREAKER_FAILURES=7\nENVIRONMENT=development\n",
    )
    .expect("it is written");
    let file = read_with("docker-compose.prod.yml", settings.path());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for name in ["server", "worker", "backup"] {
        let found = environment(&file["services"][name]);
        assert!(found.contains(&pair("AI_BREAKER_FAILURES", "7")), "{name}");
        let fixed = pair("ENVIRONMENT", "production");
        assert!(found.contains(&fixed), "{name}: what the file sets holds");
    }
    for name in ["proxy", "postgres", "grafana"] {
        let found = environment(&file["services"][name]);
        let mut names = found.iter().map(|(name, _)| name.as_str());
        assert!(names.all(|found| found != "AI_BREAKER_FAILURES"), "{name}");
    }
}
