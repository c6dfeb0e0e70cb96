//! `scripts/roll`, with a container engine that writes down what it is asked: containers go one after
//! another, and not on when one does not come back.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use pretty_assertions::assert_eq;
use tempfile::TempDir;

use crate::architecture::source::root;

/// Knows two servers and a worker; a container whose name is in the file `ill` does not come back.
const ENGINE: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/asked"
case "$*" in
  *"ps --quiet server") printf 'server-one\nserver-two\n' ;;
  *"ps --quiet worker") echo worker-one ;;
  inspect*)
    for name in "$@"; do :; done
    if [ "$(cat "$HOME/ill" 2>/dev/null)" = "$name" ]; then echo unhealthy; else echo healthy; fi
    ;;
esac
"#;

fn program(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, executable).expect("a mode");
}

/// The scripts of a house, and the engine beside.
fn house() -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let programs = home.path().join("programs");
    for folder in [&programs, &home.path().join("scripts")] {
        std::fs::create_dir(folder).expect("a folder");
    }
    for name in ["roll", "compose"] {
        let to = home.path().join("scripts").join(name);
        std::fs::copy(root().join("scripts").join(name), to).expect("a copy");
    }
    std::fs::write(home.path().join(".env.prod"), "").expect("a file");
    program(&programs.join("docker"), ENGINE);
    // Whoever waits for a container does not wait here.
    program(&programs.join("sleep"), "#!/bin/sh\n");
    home
}

fn roll(home: &TempDir, services: &[&str]) -> (Output, Vec<String>) {
    let path = format!("{}:/usr/bin:/bin", home.path().join("programs").display());
    let output = Command::new(home.path().join("scripts/roll"))
        .args(services)
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .output()
        .expect("the script runs");
    let asked = std::fs::read_to_string(home.path().join("asked")).expect("what was asked");
    let done = asked.lines().filter_map(|line| {
        if line.starts_with("restart") {
            line.rsplit(' ').next()
        } else {
            line.contains("nginx -s reload").then_some("reload")
        }
    });
    (output, done.map(str::to_owned).collect())
}

#[test]
fn containers_go_one_after_another_and_the_proxy_learns_of_each() {
    let home = house();
    let (output, done) = roll(&home, &["server", "worker"]);
    assert!(output.status.success(), "{output:?}");
    let expected = ["server-one", "reload", "server-two", "reload", "worker-one"];
    assert_eq!(done, expected);
}

#[test]
fn whoever_does_not_come_back_is_the_last() {
    let home = house();
    std::fs::write(home.path().join("ill"), "server-one").expect("a file");
    let (output, done) = roll(&home, &["server", "worker"]);
    assert!(!output.status.success());
    assert_eq!(done, ["server-one"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("server-one does not come back"), "{said}");
}

#[test]
fn a_service_without_containers_is_told() {
    let home = house();
    let (output, done) = roll(&home, &["backup"]);
    assert!(!output.status.success() && done.is_empty(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no backup runs"));
}

#[test]
fn who_does_not_run_is_passed_over_when_nobody_is_named() {
    let home = house();
    let (output, done) = roll(&home, &[]);
    assert!(output.status.success(), "{output:?}");
    let expected = ["server-one", "reload", "server-two", "reload", "worker-one"];
    assert_eq!(done, expected);
    assert!(String::from_utf8_lossy(&output.stdout).contains("no backup runs"));
}
