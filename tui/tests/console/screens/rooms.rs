//! How the screens of retention, record, machinery and settings look: full, empty, asked for, failed,
//! refused and out of date, wide and small; and full in every theme.

use binnacle_tui::theme::Theme;
use serde_json::{Value, json};

use super::{keep, keep_looks};
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

fn each(test: impl Fn(&Room, &str, Look)) {
    for room in &ROOMS {
        for (size, look) in [("wide", WIDE), ("small", SMALL)] {
            test(room, &format!("{}.{size}", room.name), look);
        }
    }
}

#[test]
fn full() {
    each(|room, name, look| keep(name, &room.full(look)));
}

#[test]
fn empty() {
    each(|room, name, look| {
        let Some(empty) = room.empty else { return };
        let mut console = room.opened(look);
        console.answer(room.first(), &empty());
        keep(&format!("{name}.empty"), &console);
    });
}

#[test]
fn asked_for() {
    each(|room, name, look| {
        let mut console = room.opened(look);
        console.wait(600);
        console.shows("loading 0.");
        keep(&format!("{name}.loading"), &console);
    });
}

#[test]
fn failed_and_asked_again() {
    each(|room, name, look| {
        let mut console = room.opened(look);
        console.refuse(room.first(), 503, "busy", "database busy");
        console.shows("could not load: database busy (503), retry in 4 s  r now  id 9f3c");
        keep(&format!("{name}.error"), &console);
        assert!(!console.asks(room.first()), "{name}");
        console.wait(4_100);
        assert!(console.asks(room.first()), "{name}");
    });
}

#[test]
fn refused_whole() {
    each(|room, name, look| {
        let mut console = room.opened(look);
        console.refuse(room.first(), 403, "forbidden", "this needs the role admin");
        console.shows("could not load: this needs the role admin (403)");
        keep(&format!("{name}.refused"), &console);
    });
}

#[test]
fn what_was_known_outlives_a_failure_and_is_marked_as_old() {
    each(|room, name, look| {
        let mut console = room.full(look);
        console.wait(42_000);
        keep(&format!("{name}.stale"), &console);
    });
}

#[test]
fn every_theme() {
    for room in &ROOMS {
        for theme in Theme::ALL {
            let look = Look { theme, ..WIDE };
            let name = format!("{}.theme.{}", room.name, theme.name());
            keep_looks(&name, &room.full(look));
        }
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
