//! The screens of money, streams and providers in every state and theme: one sheet for each, its
//! frames below each other.

use std::fmt::Write as _;

use binnacle_tui::theme::Theme;
use serde_json::{Value, json};

use super::folded;
use crate::support::fixtures as house;
use crate::support::{Console, Look, SMALL, WIDE};

/// How a screen is opened, and what it asks.
struct Page {
    name: &'static str,
    open: fn(&mut Console),
    list: &'static str,
    full: fn() -> Value,
    /// The other questions, with their answers.
    more: fn(&mut Console),
}

static PAGES: [Page; 5] = [
    Page {
        name: "budgets",
        open: |console| console.keys("3"),
        list: "/api/admin/spend",
        full: house::money::lines,
        more: |console| {
            console.answer("/api/admin/spend/total", &house::money());
            // The last question of this address is by model, the one before by day.
            console.answer("/api/admin/spend/by", &house::money::models());
            console.answer("/api/admin/spend/by", &house::money::days());
        },
    },
    Page {
        name: "ledger",
        open: |console| {
            console.keys(":ledger");
            console.enter();
        },
        list: "/api/admin/ledger",
        full: house::money::charges,
        more: |console| {
            console.answer("/api/admin/ledger/count", &house::count(4_120));
        },
    },
    Page {
        name: "streams",
        open: |console| console.keys("5"),
        list: "/api/admin/streams",
        full: || house::page(&house::streams(), None),
        more: |_| {},
    },
    Page {
        name: "stream",
        open: |console| {
            console.keys(":stream 5f2a");
            console.enter();
        },
        list: "/api/admin/streams",
        full: || house::page(&house::streams()[..1], None),
        more: |console| {
            console.answer("/api/admin/ledger", &house::money::charges());
            console.answer("/api/admin/ledger/count", &house::count(4));
        },
    },
    Page {
        name: "providers",
        open: |console| console.keys("7"),
        list: "/api/admin/providers",
        full: || json!({"items": house::providers()}),
        more: |_| {},
    },
];

fn opened(page: &Page, look: Look) -> Console {
    let mut console = Console::live(look);
    (page.open)(&mut console);
    console
}

fn full(page: &Page, look: Look) -> Console {
    let mut console = opened(page, look);
    console.answer(page.list, &(page.full)());
    (page.more)(&mut console);
    console
}

fn states(page: &Page, look: Look) -> Vec<(&'static str, Console)> {
    let mut loading = opened(page, look);
    loading.wait(600);
    let mut empty = opened(page, look);
    empty.answer(page.list, &house::page::<Value>(&[], None));
    let mut error = opened(page, look);
    error.refuse(page.list, 503, "busy", "database busy");
    let mut refused = opened(page, look);
    refused.refuse(
        page.list,
        403,
        "forbidden",
        "this needs role admin or auditor",
    );
    let mut stale = full(page, look);
    stale.wait(42_000);
    vec![
        ("full", full(page, look)),
        ("loading", loading),
        ("empty", empty),
        ("error", error),
        ("refused", refused),
        ("stale", stale),
    ]
}

/// Frames below each other; lines that repeat are counted.
fn sheet<'a>(frames: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut sheet = String::new();
    for (name, frame) in frames {
        let _infallible = writeln!(sheet, "==== {name}");
        let lines: Vec<&str> = frame.lines().collect();
        for run in lines.chunk_by(|one, other| one == other) {
            let _infallible = match (run, run.len()) {
                ([line, ..], count) if count > 2 => writeln!(sheet, "{line}\n     ({count} such)"),
                _ => run.iter().try_for_each(|line| writeln!(sheet, "{line}")),
            };
        }
    }
    sheet
}

#[test]
fn every_state() {
    for page in &PAGES {
        for (size, look) in [("wide", WIDE), ("small", SMALL)] {
            let frames: Vec<(&str, (String, String))> = states(page, look)
                .iter()
                .map(|(name, console)| (*name, console.frame()))
                .collect();
            let texts = frames.iter().map(|(name, (text, _))| (*name, text.clone()));
            insta::assert_snapshot!(format!("states.{}.{size}.text", page.name), sheet(texts));
            let looks = frames
                .iter()
                .map(|(name, (_, looks))| (*name, folded(looks)));
            insta::assert_snapshot!(format!("states.{}.{size}.looks", page.name), sheet(looks));
        }
    }
}

#[test]
fn every_theme() {
    for page in &PAGES {
        for (size, look) in [("wide", WIDE), ("small", SMALL)] {
            let frames: Vec<(&str, (String, String))> = Theme::ALL
                .iter()
                .map(|theme| {
                    let look = Look {
                        theme: *theme,
                        ..look
                    };
                    (theme.name(), full(page, look).frame())
                })
                .collect();
            for (name, (text, _)) in &frames {
                assert_eq!(*text, frames[0].1.0, "{name}: a theme changes looks alone");
            }
            let looks = frames
                .iter()
                .map(|(name, (_, looks))| (*name, folded(looks)));
            insta::assert_snapshot!(format!("themes.{}.{size}.looks", page.name), sheet(looks));
        }
    }
}

/// What does not fit is cut on the right, and nothing is drawn over the footer.
#[test]
fn every_size_down_to_the_least() {
    for page in &PAGES {
        for size in [
            (80, 24),
            (81, 24),
            (99, 29),
            (100, 30),
            (119, 36),
            (200, 60),
        ] {
            let look = Look { size, ..WIDE };
            let text = full(page, look).text();
            let footer = text.lines().last().expect("a footer");
            let shown = text.lines().nth(1).expect("where one is");
            assert!(
                size.0 >= 100 || shown.ends_with("ILL 2 alarms"),
                "{} {size:?}: {shown}",
                page.name
            );
            assert!(
                footer.ends_with("? keys"),
                "{} {size:?}: {footer}",
                page.name
            );
        }
    }
}
