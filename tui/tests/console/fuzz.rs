//! No sequence of keys, answers and resizes brings the console down, and none acts unasked.

use binnacle_tui::app::{Overlay, Stage};
use binnacle_tui::keys::Key;
use binnacle_tui::message::Message;
use proptest::prelude::*;

use crate::support::fixtures::{count, jobs, page, tallies, users};
use crate::support::{Console, WIDE};

#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Answer(u8),
    Refuse(u16),
    Resize(u16, u16),
    Wait(u64),
    Paste(String),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        8 => proptest::char::range(' ', '~').prop_map(Key::Char),
        1 => proptest::char::range('a', 'z').prop_map(Key::Ctrl),
        6 => prop::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Up, Key::Down, Key::Left,
            Key::Right, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Backspace,
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => key().prop_map(Step::Key),
        4 => any::<u8>().prop_map(Step::Answer),
        1 => prop::sample::select(vec![400_u16, 401, 403, 404, 409, 429, 503]).prop_map(Step::Refuse),
        1 => (1_u16..220, 1_u16..80).prop_map(|(width, height)| Step::Resize(width, height)),
        2 => (0_u64..20_000).prop_map(Step::Wait),
        1 => ".{0,12}".prop_map(Step::Paste),
    ]
}

/// Answers the newest question with something, right or not.
fn answer(console: &mut Console, choice: u8) {
    let Some(path) = console.asked.last().map(|asked| asked.request.path.clone()) else {
        return;
    };
    match choice % 6 {
        0 => console.answer(&path, &page(&jobs(), Some("next"))),
        1 => console.answer(&path, &page(&users(), None)),
        2 => console.answer(&path, &count(312)),
        3 => console.answer(&path, &tallies()),
        4 => console.answer(&path, &page::<()>(&[], None)),
        _ => console.answer(&path, &serde_json::json!({"wrong": [1, 2]})),
    };
}

/// Whether a question is on the screen.
fn is_asked(console: &Console) -> bool {
    match &console.app.overlay {
        Overlay::Dialog(dialog) => matches!(dialog.stage, Stage::Asking { .. }),
        _ => false,
    }
}

/// What must never be sent without a question.
fn hurts(path: &str) -> bool {
    let ends = [
        "/disable",
        "/erase",
        "/bulk",
        "/end",
        "/end_streams",
        "/reset_password",
        "/run",
        "/reset-stuck",
    ];
    ends.iter().any(|end| path.ends_with(end))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_brings_it_down(steps in prop::collection::vec(step(), 1..200)) {
        let mut console = Console::live(WIDE);
        for step in steps {
            match step {
                Step::Key(key) => {
                    console.ms += 100;
                    let asked_before = is_asked(&console);
                    let acts = console.asked.iter().filter(|asked| asked.act).count();
                    console.key(key);
                    if !asked_before {
                        for act in console.asked.iter().filter(|asked| asked.act).skip(acts) {
                            prop_assert!(!hurts(&act.request.path), "{key:?}: {act:?}");
                        }
                    }
                }
                Step::Answer(choice) => answer(&mut console, choice),
                Step::Refuse(status) => {
                    if let Some(path) = console.asked.last().map(|asked| asked.request.path.clone()) {
                        console.refuse(&path, status, "any", "no");
                    }
                }
                Step::Resize(width, height) => console.send(Message::Resize(width, height)),
                Step::Wait(ms) => console.wait(ms),
                Step::Paste(text) => console.send(Message::Paste(text)),
            }
            console.frame();
        }
        for asked in &console.asked {
            prop_assert!(!asked.act || asked.request.idempotency_key.is_some());
        }
    }
}
