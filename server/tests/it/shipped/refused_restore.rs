//! `scripts/restore` when the house does not let itself be put back: it waits for who was killed, and
//! otherwise says how what was stopped is started again.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::architecture::source::root;

const NAME: &str = "2026-11-21T021500Z";

/// Refuses to put back, in the words of the file `says`, as often as its file `refuses` has lines.
const ENGINE: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/asked"
case "$*" in
  *--replace)
    [ -s "$HOME/refuses" ] || exit 0
    sed -i 1d "$HOME/refuses"
    cat "$HOME/says" >&2
    exit 1
    ;;
esac
"#;

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("a mode");
}

/// Refused so often with these words: what the script said, and what the engine was asked.
fn restore(times: usize, words: &str) -> (Output, String) {
    let home: TempDir = tempfile::tempdir().expect("a folder");
    let place = |name: &str| home.path().join(name);
    for folder in ["programs", "scripts"] {
        std::fs::create_dir(place(folder)).expect("a folder");
    }
    for name in ["restore", "compose"] {
        let to = place("scripts").join(name);
        std::fs::copy(root().join("scripts").join(name), to).expect("a copy");
    }
    executable(&place("scripts/smoke"), "#!/bin/sh\n");
    executable(&place("programs/docker"), ENGINE);
    // Whoever waits does not wait here.
    executable(&place("programs/sleep"), "#!/bin/sh\n");
    std::fs::write(place(".env.prod"), "").expect("a file");
    std::fs::write(place("refuses"), "again\n".repeat(times)).expect("a file");
    std::fs::write(place("says"), words).expect("a file");
    let output = Command::new(place("scripts/restore"))
        .arg(NAME)
        .env_clear()
        .env("HOME", home.path())
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", place("programs").display()),
        )
        .output()
        .expect("the script runs");
    let asked = std::fs::read_to_string(place("asked")).expect("what was asked");
    (output, asked)
}

#[test]
fn who_was_killed_is_waited_for() {
    let words = "a process is working on this database, or did so two minutes ago";
    let source = root().join("server/src/platform/backup/error.rs");
    let source = std::fs::read_to_string(source).expect("the errors");
    assert!(source.contains(words), "the program says it otherwise");
    let (output, asked) = restore(3, words);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(asked.matches("--replace").count(), 4, "{asked}");
    assert!(asked.contains("up --detach server worker"), "{asked}");
}

#[test]
fn who_is_refused_learns_that_nobody_serves() {
    let (output, asked) = restore(1, "the database cannot be opened");
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(asked.matches("--replace").count(), 1, "{asked}");
    assert!(!asked.contains("up --detach"), "{asked}");
    let said = String::from_utf8_lossy(&output.stderr);
    for words in ["cannot be opened", "was not put back", "scripts/compose up"] {
        assert!(said.contains(words), "{said}");
    }
}
