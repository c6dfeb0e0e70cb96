//! What runbooks point to is there: screens of the console, panels of boards, lines of the log.

use super::boards;
use crate::architecture::source::{Source, expect_none, pages, root, rust_files};

fn runbooks() -> Vec<Source> {
    let pages = pages().into_iter();
    let runbooks: Vec<Source> = pages
        .filter(|page| page.path.starts_with("docs/runbooks/"))
        .collect();
    assert!(runbooks.len() > 30, "the runbooks were not found");
    runbooks
}

/// Every place in backticks, with what follows it.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let pieces: Vec<&str> = text.split('`').collect();
    let pairs = pieces.chunks(2).zip(pieces.iter().skip(2).step_by(2));
    pairs
        .filter_map(|(pair, after)| Some((*pair.get(1)?, *after)))
        .collect()
}

#[test]
fn screens_have_the_numbers_that_runbooks_give_them() {
    let console = root().join("docs/console.md");
    let console = std::fs::read_to_string(console).expect("the page");
    let mut breaches = Vec::new();
    let mut seen = 0;
    for page in runbooks() {
        for (key, after) in page.text.lines().flat_map(quoted) {
            let is_screen = key.len() == 1 && key.starts_with(|sign: char| sign.is_ascii_digit());
            if !is_screen {
                continue;
            }
            seen += 1;
            let name: String = after
                .trim_start()
                .chars()
                .take_while(char::is_ascii_alphabetic)
                .collect();
            if !console.contains(&format!("| {key} | {name} |")) {
                breaches.push(format!("{}: `{key}` is not {name}", page.path));
            }
        }
    }
    assert!(seen > 30, "the screens were not found");
    expect_none("Runbooks know the console's screens", breaches);
}

#[test]
fn boards_have_the_panels_that_runbooks_name() {
    let boards = boards::all();
    let mut breaches = Vec::new();
    let mut seen = 0;
    for page in runbooks() {
        for hint in page.text.split("*Binnacle: ").skip(1) {
            let (board, after) = hint.split_once("*, ").expect("a panel after its board");
            let title = format!("Binnacle: {board}");
            let Some((_, board)) = boards.iter().find(|(_, board)| board["title"] == *title) else {
                breaches.push(format!("{}: no board {title}", page.path));
                continue;
            };
            seen += 1;
            let named = boards::panels(board).any(|panel| {
                let panel = panel["title"].as_str().unwrap_or_default();
                after.starts_with(panel)
            });
            if !named {
                breaches.push(format!("{}: {title} has no such panel", page.path));
            }
        }
    }
    assert!(seen > 5, "the boards were not found");
    expect_none("Runbooks know the boards' panels", breaches);
}

/// Whether some line of the code says so, and as loud as houses log.
fn is_said(code: &[Source], field: &str, value: &str) -> bool {
    let written = match field {
        "event" => format!("event = \"{value}\""),
        _ => format!("\"{value}\""),
    };
    code.iter().any(|source| {
        source.text.match_indices(&written).any(|(at, _)| {
            let before = &source.text[..at];
            let door = before
                .rfind("tracing::")
                .map(|begin| &before[begin + "tracing::".len()..]);
            door.is_some_and(|door| {
                ["info!", "warn!", "error!"]
                    .iter()
                    .any(|m| door.starts_with(m))
            })
        })
    })
}

#[test]
fn the_log_has_the_lines_that_runbooks_look_for() {
    let code: Vec<Source> = rust_files()
        .into_iter()
        .filter(|source| source.in_server().is_some() && !source.is_test())
        .collect();
    let mut breaches = Vec::new();
    let mut seen = 0;
    for page in runbooks() {
        for (hint, _) in page.text.lines().flat_map(quoted) {
            let Some((field, value)) = hint.split_once("\":\"") else {
                continue;
            };
            let (field, value) = (field.trim_matches('"'), value.trim_matches('"'));
            if ["event", "message"].contains(&field) {
                seen += 1;
                if !is_said(&code, field, value) {
                    breaches.push(format!("{}: {hint} is not logged", page.path));
                }
            }
        }
        if page.text.contains("docker compose") {
            let text = "docker compose is the development house: scripts/compose";
            breaches.push(format!("{}: {text}", page.path));
        }
    }
    assert!(seen > 15, "the lines were not found");
    expect_none("Runbooks know the log", breaches);
}
