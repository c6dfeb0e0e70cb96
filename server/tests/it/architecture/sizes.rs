//! One idea a file, a function on a screen, names that say what is inside.

use super::source::{expect_none, root, rust_files};

const FILE_LINES: usize = 400;

/// Names under which everything ends up that has no place.
const NAMELESS: [&str; 8] = [
    "utils", "util", "common", "helpers", "helper", "misc", "shared", "stuff",
];

#[test]
fn no_file_is_longer_than_400_lines() {
    let breaches = rust_files()
        .iter()
        .map(|file| (&file.path, file.text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    expect_none("A file holds one idea in at most 400 lines", breaches);
}

/// Clippy counts the lines of functions; here only that nobody told it to look away.
#[test]
fn clippy_refuses_functions_of_more_than_70_lines() {
    let settings = std::fs::read_to_string(root().join("clippy.toml")).expect("clippy.toml");
    assert!(settings.contains("too-many-lines-threshold = 70"));
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    assert!(workspace.contains("pedantic = { level = \"warn\""));
    let lint = concat!("too_many", "_lines");
    let breaches = rust_files()
        .into_iter()
        .filter(|file| file.text.contains(lint))
        .map(|file| file.path)
        .collect();
    expect_none("No function is excused from its length", breaches);
}

#[test]
fn no_module_is_named_after_nothing() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        for part in file.path.split('/') {
            if NAMELESS.contains(&part.trim_end_matches(".rs")) {
                breaches.push(file.path.clone());
            }
        }
        for (number, line) in file.code() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let Some(at) = words.iter().position(|word| *word == "mod")
                && let Some(name) = words.get(at + 1)
                && NAMELESS.contains(&name.trim_end_matches([';', '{']))
            {
                breaches.push(format!("{}:{number}", file.path));
            }
        }
    }
    expect_none("A module is named after what it holds", breaches);
}

/// Lints are set in one place; an exception says why it is one.
#[test]
fn every_exception_from_a_lint_has_its_reason() {
    let mut breaches = Vec::new();
    for file in rust_files() {
        let dense = file.dense();
        if dense.contains(concat!("#[all", "ow(")) || dense.contains(concat!("#![all", "ow(")) {
            breaches.push(format!("{}: allow instead of expect", file.path));
        }
        for attribute in dense.split(concat!("[exp", "ect(")).skip(1) {
            let attribute = attribute.split(")]").next().unwrap_or_default();
            if !attribute.contains("reason=") {
                breaches.push(format!("{}: {attribute}", file.path));
            }
        }
    }
    expect_none(
        "An exception from a lint is `expect` with a reason",
        breaches,
    );
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[ign", "ore"),
    ];
    let mut breaches = Vec::new();
    for file in rust_files() {
        for (number, line) in file.text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                breaches.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    expect_none(
        "What is not done is an issue, not a note in the code",
        breaches,
    );
}

/// Where a test asks again and again until a condition holds, because nothing announces it: the one
/// place with a pause between two questions, and with a deadline.
const ASKS_AGAIN: &str = "server/tests/it/support/client.rs";

#[test]
fn no_test_sleeps() {
    let naps = [concat!("thread::", "sleep("), concat!("time::", "sleep(")];
    let mut breaches = Vec::new();
    for file in rust_files().iter().filter(|file| file.is_test()) {
        let found = file
            .code()
            .filter(|(_, line)| naps.iter().any(|nap| line.contains(nap)))
            .map(|(number, _)| format!("{}:{number}", file.path));
        let allowed = usize::from(file.path == ASKS_AGAIN);
        breaches.extend(found.skip(allowed));
    }
    expect_none("A test waits for a condition, never for time", breaches);
}
