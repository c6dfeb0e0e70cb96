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
