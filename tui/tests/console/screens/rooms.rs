//! How the screens of retention, record, machinery and settings look: full, empty, asked for, failed,
//! refused and out of date, wide and small; and full in every theme.

use binnacle_tui::theme::Theme;
use serde_json::{Value, json};

use super::folded;
use super::states::sheet;
use crate::support::fixtures as house;
use crate::support::{Console, Look, SMALL, WIDE};

/// A screen, how one comes to it, and what it asks.
struct Room {
    name: &'static str,
    open: fn(&mut Console),
    answers: fn() -> Vec<(&'static str, Value)>,
    /// The answer of an empty house to the first question.
    empty: Option<fn() -> Value>,
}

const CLASSES: &str = "/api/admin/retention";
const PREVIEW: &str = "/api/admin/retention/preview";
const RUNS: &str = "/api/admin/retention/runs";
const ENTRIES: &str = "/api/admin/audit/entries";

fn nothing() -> Value {
    house::page::<()>(&[], None)
}

fn entries() -> Value {
    let entries = [
        house::audit(48_210, "set_budget", true),
        house::audit(48_209, "replay_jobs", false),
    ];
    house::page(&entries, Some("next"))
}

fn entry() -> Value {
    serde_json::to_value(house::audit(48_210, "set_budget", true)).expect("JSON")
}

fn runs() -> Value {
    let mut failed = house::run(30, "raw_audio");
    failed["outcome"] = json!("failed");
    let mut running = house::run(32, "transcripts");
    running["outcome"] = json!("running");
    running["finished_at"] = Value::Null;
    running["started_at"] = json!(house::ago(12));
    house::page(&[running, house::run(31, "chat"), failed], None)
}

const ROOMS: [Room; 8] = [
    Room {
        name: "retention",
        open: |console| console.keys("6"),
        answers: || {
            vec![
                (CLASSES, house::classes()),
                (PREVIEW, house::forecast(None)),
                (CLASSES, house::classes()),
            ]
        },
        empty: Some(|| json!({"items": []})),
    },
    Room {
        name: "class",
        open: |console| {
            console.keys("6");
            console.answer(CLASSES, &house::classes());
            console.keys("G");
            console.enter();
        },
        answers: || {
            vec![
                (CLASSES, house::classes()),
                (PREVIEW, house::forecast(None)),
                (RUNS, house::page(&[house::run(31, "transcripts")], None)),
            ]
        },
        empty: None,
    },
    Room {
        name: "runs",
        open: |console| {
            console.keys(":runs");
            console.enter();
        },
        answers: || vec![(RUNS, runs())],
        empty: Some(nothing),
    },
    Room {
        name: "audit",
        open: |console| console.keys("8"),
        answers: || {
            vec![
                (ENTRIES, entries()),
                ("/api/admin/audit/entries/count", house::count(1_204)),
            ]
        },
        empty: Some(nothing),
    },
    Room {
        name: "entry",
        open: |console| {
            console.keys("8");
            console.answer(ENTRIES, &entries());
            console.enter();
        },
        answers: || vec![("/api/admin/audit/entries/48210", entry())],
        empty: None,
    },
    Room {
        name: "system",
        open: |console| console.keys("9"),
        answers: || vec![("/api/admin/system", house::system())],
        empty: None,
    },
    Room {
        name: "deleted",
        open: |console| console.keys("9D"),
        answers: || {
            vec![
                ("/api/admin/deleted", house::deleted()),
                ("/api/admin/deleted/count", house::count(1)),
            ]
        },
        empty: Some(nothing),
    },
    Room {
        name: "settings",
        open: |console| console.keys("0"),
        answers: || {
            vec![
                ("/api/settings", house::branding()),
                ("/api/admin/settings", house::rules()),
            ]
        },
        empty: None,
    },
];

impl Room {
    fn opened(&self, look: Look) -> Console {
        let mut console = Console::live(look);
        (self.open)(&mut console);
        console
    }

    fn full(&self, look: Look) -> Console {
        let mut console = self.opened(look);
        for (path, body) in (self.answers)() {
            console.answer(path, &body);
        }
        console
    }

    fn first(&self) -> &'static str {
        let answers = (self.answers)();
        answers.first().expect("a question").0
    }
}

/// The screen in every state, with its name.
fn states(room: &Room, look: Look) -> Vec<(&'static str, Console)> {
    let mut loading = room.opened(look);
    loading.wait(600);
    let mut error = room.opened(look);
    error.refuse(room.first(), 503, "busy", "database busy");
    let mut refused = room.opened(look);
    refused.refuse(room.first(), 403, "forbidden", "this needs the role admin");
    let mut stale = room.full(look);
    stale.wait(42_000);
    let mut states = vec![
        ("full", room.full(look)),
        ("loading", loading),
        ("error", error),
        ("refused", refused),
        ("stale", stale),
    ];
    if let Some(empty) = room.empty {
        let mut console = room.opened(look);
        console.answer(room.first(), &empty());
        states.push(("empty", console));
    }
    states
}

fn keep_sheet(name: &str, frames: &[(&str, (String, String))], texts: bool) {
    if texts {
        let texts = frames.iter().map(|(name, (text, _))| (*name, text.clone()));
        insta::assert_snapshot!(format!("{name}.text"), sheet(texts));
    }
    let looks = frames.iter();
    let looks = looks.map(|(name, (_, looks))| (*name, folded(looks)));
    insta::assert_snapshot!(format!("{name}.looks"), sheet(looks));
}

#[test]
fn every_state() {
    for room in &ROOMS {
        for (size, look) in [("wide", WIDE), ("small", SMALL)] {
            let states = states(room, look);
            let frames: Vec<_> = states
                .iter()
                .map(|(name, console)| (*name, console.frame()))
                .collect();
            keep_sheet(&format!("states.{}.{size}", room.name), &frames, true);
        }
    }
}

#[test]
fn every_theme() {
    for room in &ROOMS {
        for (size, look) in [("wide", WIDE), ("small", SMALL)] {
            let frames: Vec<_> = Theme::ALL
                .iter()
                .map(|theme| {
                    let look = Look {
                        theme: *theme,
                        ..look
                    };
                    (theme.name(), room.full(look).frame())
                })
                .collect();
            for (name, (text, _)) in &frames {
                assert_eq!(*text, frames[0].1.0, "{name}: a theme changes looks alone");
            }
            keep_sheet(&format!("themes.{}.{size}", room.name), &frames, false);
        }
    }
}

#[test]
fn every_size_down_to_the_least() {
    for room in &ROOMS {
        for size in [
            (80, 24),
            (81, 25),
            (99, 29),
            (100, 30),
            (119, 36),
            (200, 60),
        ] {
            let text = room.full(Look { size, ..WIDE }).text();
            let footer = text.lines().last().expect("a footer");
            assert!(
                footer.ends_with("? keys"),
                "{} {size:?}: {footer}",
                room.name
            );
        }
    }
}

#[test]
fn what_failed_is_asked_again_when_it_said() {
    for room in &ROOMS {
        let mut console = room.opened(WIDE);
        console.refuse(room.first(), 503, "busy", "database busy");
        console.shows("could not load: database busy (503), retry in 4 s  r now  id 9f3c");
        assert!(!console.asks(room.first()), "{}", room.name);
        console.wait(4_100);
        assert!(console.asks(room.first()), "{}", room.name);
    }
}

#[test]
fn auditors_see_every_room_and_change_nothing() {
    for room in &ROOMS {
        let mut console = room.full(WIDE);
        console.feed("snapshot", &house::snapshot_of("auditor"));
        let screen = console.app.history.shown().map(|(_, screen)| screen.acts());
        for act in screen.unwrap_or_default().iter().filter(|act| act.writes) {
            let Some(letter) = act.key else { continue };
            console.keys(&letter.to_string());
            console.shows("Your role auditor may read this, not change it");
        }
        assert!(console.asked.iter().all(|asked| !asked.act));
    }
}
