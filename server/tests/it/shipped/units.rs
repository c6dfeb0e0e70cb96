//! The units of systemd, as systemd reads them.

use std::{os::unix::fs::PermissionsExt, process::Command};

use crate::{architecture::source::root, support::house::program};

#[test]
fn systemd_takes_the_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = [
        "binnacle.service",
        "binnacle-worker.service",
        "binnacle-backup.service",
        "binnacle-backup.timer",
        "binnacle-proxy.service",
    ];
    let mut paths = Vec::new();
    for name in names {
        let text = std::fs::read_to_string(root().join("deploy/systemd").join(name)).expect(name);
        for page in text
            .lines()
            .filter_map(|line| line.strip_prefix("Documentation="))
        {
            let page = page.strip_prefix("file:///usr/local/share/binnacle/");
            let page = page.expect("docs/operations.md has it copied there");
            assert!(root().join(page).exists(), "{name}: {page}");
        }
        // Where they are installed, nothing is here.
        let text = text
            .replace("/usr/local/bin/binnacle", &program().display().to_string())
            .replace(
                "/usr/local/bin/backup-daily",
                &root().join("deploy/backup-daily").display().to_string(),
            )
            .replace(
                "/usr/local/share/binnacle/proxy/start",
                &root().join("proxy/start").display().to_string(),
            );
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        paths.push(path);
    }
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .args(&paths)
        .output()
        .expect("systemd-analyze runs; scripts/install test installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = said.lines().filter(|line| line.contains("binnacle"));
    let ours: Vec<&str> = ours
        .filter(|line| !line.contains("Failed to connect"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
}

/// What `systemd-run` is told, one argument a line.
const SYSTEMD_RUN: &str = "#!/bin/sh\nprintf '%s\\n' \"$@\"\n";

#[test]
fn an_operators_command_runs_as_the_server_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = folder.path().join("systemd-run");
    std::fs::write(&engine, SYSTEMD_RUN).expect("a file");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&engine, executable).expect("a mode");
    let output = Command::new(root().join("deploy/binnacle-command"))
        .args(["erase", "ada lovelace@example.org"])
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    let command = [
        "/usr/local/bin/binnacle",
        "erase",
        "ada lovelace@example.org",
    ];
    assert!(lines.ends_with(&command), "{lines:?}");
    let unit = root().join("deploy/systemd/binnacle.service");
    let unit = std::fs::read_to_string(unit).expect("the unit");
    let told: Vec<&str> = lines
        .windows(2)
        .filter(|pair| ["--property", "--setenv"].contains(&pair[0]))
        .map(|pair| pair[1])
        .collect();
    for begin in [
        "EnvironmentFile",
        "DynamicUser",
        "User",
        "StateDirectory",
        "LoadCredential",
    ] {
        let of_unit: Vec<&str> = unit
            .lines()
            .filter(|line| line.starts_with(begin))
            .collect();
        assert!(!of_unit.is_empty(), "{begin}");
        for line in of_unit {
            assert!(told.contains(&line), "{line} is not told: {told:?}");
        }
    }
    assert!(told.contains(&"PLC_STORAGE_DIR=/var/lib/binnacle"));
    // systemd logs the description, which would be the whole command with a password in it.
    assert!(
        lines
            .windows(2)
            .any(|pair| pair == ["--description", "binnacle erase"])
    );
}

/// What a unit or the command is told to load, in the order of its lines.
fn loaded(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(path)).expect(path);
    let lines = text.lines().filter_map(|line| {
        let (_, credential) = line.split_once("LoadCredential=")?;
        Some(credential.trim_end_matches(" \\").to_owned())
    });
    lines.collect()
}

#[test]
fn every_unit_is_given_each_secret_that_the_settings_may_name() {
    let units = [
        "deploy/systemd/binnacle.service",
        "deploy/systemd/binnacle-worker.service",
        "deploy/systemd/binnacle-backup.service",
        "deploy/binnacle-command",
    ];
    let given = loaded(units[0]);
    for unit in units {
        assert_eq!(loaded(unit), given, "{unit}");
    }
    let home = tempfile::tempdir().expect("a folder");
    let made = Command::new(root().join("scripts/secrets"))
        .arg("init")
        .arg(home.path().join("secrets"))
        .output();
    made.expect("the script runs");
    for credential in &given {
        let (name, path) = credential.split_once(':').expect("a name and a path");
        assert_eq!(path, format!("/etc/binnacle/secrets/{name}"));
        let file = home.path().join("secrets").join(name);
        assert!(file.exists(), "{name} is loaded, and not made by init");
    }
    let example = root().join("deploy/env.systemd.example");
    let example = std::fs::read_to_string(example).expect("the example");
    let files: Vec<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once("_FILE="))
        .map(|(_, name)| name)
        .collect();
    assert!(files.contains(&"gemini_api_key"), "{files:?}");
    for name in files {
        let credential = format!("{name}:/etc/binnacle/secrets/{name}");
        assert!(given.contains(&credential), "{name} is loaded by no unit");
    }
}
