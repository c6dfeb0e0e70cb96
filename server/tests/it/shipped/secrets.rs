//! `scripts/secrets`: made once, never over what is there, and good enough for the gate.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use super::compose;
use crate::architecture::source::root;

fn run(act: &str, folder: &Path) -> Output {
    Command::new(root().join("scripts/secrets"))
        .arg(act)
        .arg(folder)
        .output()
        .expect("the script runs")
}

fn contents(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a file");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn every_secret_of_the_compose_file_is_made_or_asked_for() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    let made = run("init", &folder);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    // The certificate and the provider's key are the operator's.
    assert!(!made.status.success(), "{said}");
    let permissions = std::fs::metadata(&folder)
        .expect("the folder")
        .permissions();
    assert_eq!(permissions.mode() & 0o777, 0o700);
    let there = contents(&folder);
    let file = compose::read("docker-compose.prod.yml");
    let declared = file["secrets"].as_mapping().expect("secrets");
    for name in declared.keys().map(compose::text) {
        assert!(
            there.contains_key(&name) || said.contains(&format!("/{name}:")),
            "{name}: {said}"
        );
    }
    for (name, value) in &there {
        assert!(!value.ends_with('\n') && !value.is_empty(), "{name}");
        let told =
            [&made.stdout, &made.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let secret = value != "not-set";
        assert!(
            !secret || told.iter().all(|text| !text.contains(value.as_str())),
            "{name} is printed"
        );
    }
    let random: BTreeSet<&String> = there.values().filter(|value| *value != "not-set").collect();
    let count = there.values().filter(|value| *value != "not-set").count();
    assert_eq!(random.len(), count, "no two are the same");
    for name in ["tls_certificate", "tls_key", "gemini_api_key"] {
        std::fs::remove_file(folder.join(name)).ok();
        std::fs::write(folder.join(name), "given").expect("a file");
    }
    assert!(run("check", &folder).status.success());
}

#[test]
fn a_second_init_changes_nothing_and_a_rotation_keeps_the_secret_before() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    run("init", &folder);
    let first = contents(&folder);
    run("init", &folder);
    assert_eq!(contents(&folder), first);

    assert!(run("rotate", &folder).status.success());
    let second = contents(&folder);
    let before: Vec<&str> = second["jwt_secret_previous"].lines().collect();
    let earlier = first["jwt_secret_previous"].as_str();
    assert_eq!(before, [first["jwt_secret"].as_str(), earlier]);
    assert_ne!(second["jwt_secret"], first["jwt_secret"]);
    assert_ne!(second["metrics_token"], first["metrics_token"]);
    assert_eq!(second["database_url"], first["database_url"]);

    // Announced first, it is accepted before anybody signs with it. Asked twice it is the same.
    assert!(run("announce", &folder).status.success());
    let announced = contents(&folder);
    assert!(run("announce", &folder).status.success());
    assert_eq!(contents(&folder), announced);
    assert_eq!(announced["jwt_secret"], second["jwt_secret"]);
    let next = announced["jwt_secret_next"].as_str();
    let accepted: Vec<&str> = announced["jwt_secret_previous"].lines().collect();
    assert_eq!(accepted, [&[next], &before[..]].concat());
    assert!(run("rotate", &folder).status.success());
    let third = contents(&folder);
    assert_eq!(third["jwt_secret"], next);
    let accepted: Vec<&str> = third["jwt_secret_previous"].lines().collect();
    assert_eq!(
        accepted,
        [&[second["jwt_secret"].as_str()], &before[..]].concat()
    );
    assert!(!third.contains_key("jwt_secret_next"));
}
