//! What compose files and units set is what the programs read.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, process::Command};

use super::compose;
use crate::{
    architecture::source::{expect_none, root},
    faults::program::Site,
    support::{Database, User},
};

/// Names in the first column of the tables of a page.
fn settings() -> BTreeSet<String> {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split('`').next());
    names.map(str::to_owned).collect()
}

/// What a script says in its first comment that it reads.
fn of_script(path: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(path)).expect(path);
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let words = head.flat_map(|line| {
        line.split(|character: char| !character.is_ascii_uppercase() && character != '_')
    });
    let names = words.filter(|word| {
        word.len() > 2
            && word
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    });
    names.map(str::to_owned).collect()
}

#[test]
fn what_is_set_is_known() {
    let house = settings();
    let proxy = of_script("proxy/start");
    let backup = of_script("deploy/backup-daily");
    let mut breaches = Vec::new();
    for file in [
        "docker-compose.yml",
        "docker-compose.demo.yml",
        "docker-compose.prod.yml",
    ] {
        for (name, service) in compose::services(&compose::read(file)) {
            for (variable, _) in compose::environment(&service) {
                let plain = variable.strip_suffix("_FILE").unwrap_or(&variable);
                let known = match name.as_str() {
                    "server" | "worker" => house.contains(plain),
                    "backup" => house.contains(plain) || backup.contains(plain),
                    "proxy" => proxy.contains(&variable),
                    _ => true,
                };
                if !known {
                    breaches.push(format!("{file}: {name}: {variable}"));
                }
            }
        }
    }
    expect_none("Variables of compose files are settings", breaches);
}

#[test]
fn the_example_names_what_the_file_asks_for() {
    let file = std::fs::read_to_string(root().join("docker-compose.prod.yml")).expect("the file");
    let example =
        std::fs::read_to_string(root().join("deploy/env.prod.example")).expect("the example");
    let asked: BTreeSet<&str> = file
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split([':', '}']).next())
        .collect();
    let mut breaches = Vec::new();
    for line in example
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let name = line.split('=').next().unwrap_or_default();
        if !asked.contains(name) {
            breaches.push(format!("{name} is read by nobody"));
        }
    }
    for rest in file.split("${").skip(1).filter(|rest| {
        rest.split('}')
            .next()
            .is_some_and(|inside| inside.contains(":?"))
    }) {
        let name = rest.split(':').next().unwrap_or_default();
        if !example.contains(&format!("\n{name}=")) {
            breaches.push(format!("{name} is demanded and not in the example"));
        }
    }
    expect_none(
        "deploy/env.prod.example and docker-compose.prod.yml agree",
        breaches,
    );
}

/// The gate's own word on what the compose file sets, with secrets as the script makes them.
#[tokio::test(flavor = "multi_thread")]
async fn the_gate_lets_the_production_house_in() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("secrets");
    let made = Command::new(root().join("scripts/secrets"))
        .arg("init")
        .arg(&folder)
        .output();
    made.expect("the script runs");
    // What only the operator has.
    let key = folder.join("gemini_api_key");
    std::fs::remove_file(&key).expect("made by init");
    std::fs::write(&key, "a-key-of-ours").expect("it is written");
    for secret in std::fs::read_dir(&folder).expect("the folder") {
        // Outside a container the mode of the file is what protects it.
        let owners = std::fs::Permissions::from_mode(0o400);
        std::fs::set_permissions(secret.expect("an entry").path(), owners).expect("a mode");
    }
    let redis = std::env::var("TEST_REDIS_URL").expect("scripts/test starts one");
    let file = compose::read("docker-compose.prod.yml");
    let stores = ["PLC_STORAGE_DIR", "DATABASE_URL_FILE", "REDIS_URL_FILE"];
    let mut settings: Vec<(String, String)> = compose::environment(&file["services"]["server"])
        .into_iter()
        .filter(|(name, _)| !stores.contains(&name.as_str()))
        .map(|(name, value)| {
            (
                name,
                value.replace("/run/secrets", &folder.display().to_string()),
            )
        })
        .collect();
    settings.push(("REDIS_URL".to_owned(), redis));
    settings.push(("GEMINI_MOCK_MODE".to_owned(), String::new()));
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let database = std::sync::Arc::new(Database::postgres().await);
    let site = Site::new(database.clone(), &settings);

    let server = site.serve(&[]).await;

    let stranger = User::anonymous(server.base.clone());
    assert_eq!(stranger.get("/live").await.status, 200);
    assert_eq!(stranger.get("/ready").await.status, 200);
    server.stop().await;
    database.drop_it().await;
}
