//! Every screen, wide and small, as a full house shows it.

use serde_json::Value;

use super::keep;
use crate::support::fixtures as house;
use crate::support::{Console, Look, SMALL, WIDE};

const LOOKS: [(&str, Look); 2] = [("wide", WIDE), ("small", SMALL)];

fn value(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

/// Opens a screen by keys, answers its questions, and keeps the frame.
fn screen(name: &str, keys: &str, answers: &[(&str, Value)]) {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        for key in keys.split(' ') {
            match key {
                "Enter" => console.enter(),
                "Tab" => console.key(binnacle_tui::keys::Key::Tab),
                keys => console.keys(keys),
            }
        }
        for (path, body) in answers {
            console.answer(path, body);
        }
        keep(&format!("{name}.{size}"), &console);
    }
}

#[test]
fn overview() {
    screen("overview", "", &[]);
}

#[test]
fn alarms() {
    screen(
        "alarms",
        "a",
        &[(
            "/api/admin/alarms",
            serde_json::json!({"items": house::alarms()}),
        )],
    );
}

#[test]
fn help() {
    screen("help", "4 ?", &[]);
}

#[test]
fn palette() {
    screen("palette", ":jca", &[]);
}

#[test]
fn streams() {
    let streams = house::page(&house::streams(), None);
    screen("streams", "5", &[("/api/admin/streams", streams)]);
}

#[test]
fn one_stream() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("5");
        console.answer("/api/admin/streams", &house::page(&house::streams(), None));
        console.enter();
        console.answer(
            "/api/admin/streams",
            &house::page(&house::streams()[..1], None),
        );
        keep(&format!("stream.{size}"), &console);
    }
}

#[test]
fn budgets() {
    screen(
        "budgets",
        "3",
        &[
            ("/api/admin/spend", house::spend()),
            ("/api/admin/spend/total", house::money()),
        ],
    );
}

#[test]
fn ledger() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("3");
        console.answer("/api/admin/spend", &house::spend());
        console.enter();
        console.answer("/api/admin/ledger", &house::ledger());
        keep(&format!("ledger.{size}"), &console);
    }
}

#[test]
fn retention() {
    screen(
        "retention",
        "6",
        &[
            ("/api/admin/retention/preview", house::forecast(None)),
            ("/api/admin/retention", house::classes()),
        ],
    );
}

#[test]
fn runs() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("6");
        console.answer("/api/admin/retention", &house::classes());
        console.enter();
        let runs = house::page(&[house::run(31, "chat")], None);
        console.answer("/api/admin/retention/runs", &runs);
        keep(&format!("runs.{size}"), &console);
    }
}

#[test]
fn providers() {
    let providers = serde_json::json!({"items": house::providers()});
    screen("providers", "7 j", &[("/api/admin/providers", providers)]);
}

#[test]
fn audit() {
    let entries = [
        house::audit(48_210, "set_budget", true),
        house::audit(48_209, "replay_jobs", false),
    ];
    screen(
        "audit",
        "8",
        &[(
            "/api/admin/audit/entries",
            house::page(&entries, Some("next")),
        )],
    );
}

#[test]
fn one_entry() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("8");
        let entry = house::audit(48_210, "set_budget", true);
        console.answer(
            "/api/admin/audit/entries",
            &house::page(std::slice::from_ref(&entry), None),
        );
        console.enter();
        console.answer("/api/admin/audit/entries/48210", &value(entry));
        keep(&format!("entry.{size}"), &console);
    }
}

#[test]
fn system() {
    screen("system", "9", &[("/api/admin/system", house::system())]);
}

#[test]
fn deleted() {
    screen(
        "deleted",
        "9 D",
        &[("/api/admin/system/deleted", house::deleted())],
    );
}

#[test]
fn settings() {
    screen("settings", "0", &[("/api/settings", house::branding())]);
}

#[test]
fn one_job() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("4");
        console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
        console.keys("j");
        console.enter();
        console.answer("/api/admin/jobs/88121", &house::job_detail());
        console.answer("/api/admin/jobs/88121/events", &house::job_events());
        keep(&format!("job.{size}"), &console);
    }
}

#[test]
fn one_user() {
    for (size, look) in LOOKS {
        let mut console = Console::live(look);
        console.keys("2");
        console.answer("/api/admin/accounts", &house::page(&house::users(), None));
        console.keys("j");
        console.enter();
        console.answer("/api/admin/accounts/12", &house::users()[1]);
        console.answer("/api/admin/jobs", &house::page(&house::jobs()[1..3], None));
        keep(&format!("user.{size}"), &console);
    }
}

#[test]
fn sign_in_and_too_small() {
    for (size, look) in LOOKS {
        let mut console = Console::new(look);
        console.send(binnacle_tui::message::Message::Feed(
            binnacle_tui::message::FeedMessage::SignIn,
        ));
        console.keys("ada@ex.org");
        keep(&format!("sign_in.{size}"), &console);
    }
    let narrow = Look {
        size: (79, 24),
        ..SMALL
    };
    keep("too_small", &Console::live(narrow));
}

#[test]
fn every_theme_and_a_great_screen() {
    for theme in binnacle_tui::theme::Theme::ALL {
        let look = Look { theme, ..WIDE };
        keep(
            &format!("overview.theme.{}", theme.name()),
            &Console::live(look),
        );
    }
    let great = Look {
        size: (200, 60),
        ..WIDE
    };
    keep("overview.great", &Console::live(great));
}
