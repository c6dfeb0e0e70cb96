//! The units of systemd, as systemd reads them.

use std::process::Command;

use crate::{architecture::source::root, support::house::program};

#[test]
fn systemd_takes_the_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = [
        "binnacle.service",
        "binnacle-worker.service",
        "binnacle-backup.service",
        "binnacle-backup.timer",
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
