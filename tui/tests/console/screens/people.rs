//! Ways through the console: places, palette, feed, sign-in.

use api::console::JobState;
use binnacle_tui::action::Action;
use binnacle_tui::keys::Key;
use binnacle_tui::message::{FeedMessage, Message};
use binnacle_tui::place::Place;
use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Console, SMALL, WIDE, start};

fn place(console: &Console) -> Place {
    let (_, screen) = console.app.history.shown().expect("a screen");
    screen.place()
}

#[test]
fn an_alarm_opens_what_it_is_about() {
    let mut console = Console::live(WIDE);
    console.keys("j");
    console.enter();
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88090".to_owned()
        }
    );
    console.key(Key::Esc);
    assert_eq!(place(&console), Place::Overview);
    console.keys("]");
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88090".to_owned()
        }
    );
}

#[test]
fn a_screen_is_left_and_found_as_it_was() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.keys("jj ");
    console.enter();
    console.keys("[");
    console.shows("1 marked");
}

#[test]
fn the_next_row_of_the_list_behind_is_shown_instead() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.enter();
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88130".to_owned()
        }
    );
    console.keys("n");
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88121".to_owned()
        }
    );
    console.keys("N");
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88130".to_owned()
        }
    );
    console.key(Key::Esc);
    assert_eq!(
        place(&console),
        Place::Jobs {
            filter: String::new()
        }
    );
}

#[test]
fn the_palette_goes_filters_and_acts() {
    let mut console = Console::live(WIDE);
    console.keys(":jobs state:failed");
    console.enter();
    let there = Place::Jobs {
        filter: "state:failed".to_owned(),
    };
    assert_eq!(place(&console), there);
    console.keys(":jobs state:faled");
    console.enter();
    console.shows("failed");
    console.key(Key::Esc);
    console.keys(":budgets set bo@ex.org 20");
    console.enter();
    let found = house::page(&house::users()[1..2], None);
    let asked = console.answer("/api/admin/accounts", &found);
    assert!(
        asked
            .query
            .contains(&("filter", "email:\"bo@ex.org\"".to_owned()))
    );
    let sent = console.answer("/api/admin/budgets/12", &json!({"monthly_limit_usd": 20.0}));
    assert_eq!(sent.body, Some(json!({"monthly_limit_usd": 20.0})));
    console.keys(":theme light");
    console.enter();
    assert_eq!(console.app.setup.theme, binnacle_tui::theme::Theme::Light);
    console.keys(":ctx staging");
    console.enter();
    assert!(
        console
            .actions
            .contains(&Action::Context("staging".to_owned()))
    );
}

#[test]
fn the_palette_finds_people_and_keeps_its_lines() {
    let mut console = Console::live(WIDE);
    console.keys(":cy");
    console.answer(
        "/api/admin/search",
        &json!({"items": [{"kind": "user", "id": "13", "label": "cy@ex.org"}]}),
    );
    console.shows("user cy@ex.org");
    console.key(Key::Esc);
    console.keys(":streams");
    console.enter();
    console.keys(":");
    console.key(Key::Up);
    console.shows(":streams");
}

#[test]
fn signing_in_again_loses_no_place() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.keys("jj ");
    console.send(Message::Feed(FeedMessage::SignIn));
    console.shows("sign in");
    console.keys("ada@ex.org");
    console.enter();
    console.keys("secret");
    console.shows("******");
    console.shows_not("secret");
    console.enter();
    assert!(
        console
            .actions
            .iter()
            .any(|action| matches!(action, Action::SignIn(_)))
    );
    console.send(Message::SignedIn(Ok(())));
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.shows("1 marked");
}

#[test]
fn a_lost_line_is_told_and_any_key_tries_again() {
    let mut console = Console::live(WIDE);
    console.send(Message::Feed(FeedMessage::Lost {
        reason: "gone".to_owned(),
        retry_ms: 8_000,
    }));
    console.wait(0);
    console.shows("offline, retry in 8 s");
    let before = console
        .actions
        .iter()
        .filter(|action| **action == Action::Feed)
        .count();
    console.keys("j");
    let after = console
        .actions
        .iter()
        .filter(|action| **action == Action::Feed)
        .count();
    assert_eq!(after, before + 1);
    console.wait(12_000);
    console.shows("as of 02:47:09");
}

#[test]
fn nothing_moves_while_it_is_frozen() {
    let mut console = Console::live(WIDE);
    console.keys("f");
    console.shows("# frozen");
    let mut pulse = house::pulse();
    pulse["requests_per_s"] = json!(99.9);
    console.feed("pulse", &pulse);
    console.shows("18.4/s");
    console.keys("f");
    console.feed("pulse", &pulse);
    console.shows("99.9/s");
}

#[test]
fn what_was_missed_while_it_was_frozen_is_there_when_it_is_thawed() {
    let mut console = Console::live(WIDE);
    let disk = json!({"set": {"id": "disk", "severity": "bad", "code": "disk_low",
        "object": null, "value": "4", "since_at": start(), "text": "disk 4 % free"}});
    console.keys("f");
    console.feed("alarm", &disk);
    console.feed("alarm", &json!({"clear": "awaiting_budget"}));
    console.feed("audit", &house::audit(48_300, "set_notes", false));
    console.shows("awaiting_budget 2 jobs");
    console.shows_not("disk 4 % free");
    console.keys("f");
    console.shows("disk 4 % free");
    console.shows_not("awaiting_budget 2 jobs");
    console.shows("audit ada@ex.org set_notes");
}

#[test]
fn a_list_that_is_thawed_is_read_again_where_one_was() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.keys("jf");
    let mut moved = house::jobs()[1].clone();
    moved.rev += 1;
    moved.state = JobState::Cancelled;
    console.feed("job", &moved);
    console.feed("lost", &json!({"topic": "jobs", "count": 9}));
    assert!(!console.asks("/api/admin/jobs"), "nothing moves");
    console.keys("f");
    console.answer(
        "/api/admin/jobs",
        &house::page(&[house::jobs()[0].clone(), moved], None),
    );
    console.shows("cancelled");
    let text = console.text();
    let cursor = text.lines().find(|line| line.starts_with('>'));
    assert!(cursor.is_some_and(|line| line.contains("88121")), "{text}");
}

#[test]
fn hostile_names_stay_on_their_line() {
    let mut console = Console::live(WIDE);
    console.keys("2");
    let mut users = house::users();
    users[0].email = "a\u{1b}[2J\u{202e}b@ex.org".to_owned();
    console.answer("/api/admin/accounts", &house::page(&users, None));
    console.shows("a<U+001B>[2J<U+202E>b@ex.org");
}

#[test]
fn the_help_searches_and_does() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.keys("?/stops");
    console.enter();
    console.shows("cancel: stops a job");
    console.enter();
    console.shows("Cancel job 88130");
}

#[test]
fn the_hint_of_the_keys_is_never_cut() {
    for look in [WIDE, SMALL] {
        for digit in "1234567890".chars() {
            let mut console = Console::live(look);
            console.keys(&digit.to_string());
            let text = console.text();
            let footer = text.lines().last().expect("a footer");
            assert!(footer.contains("? keys"), "{digit}: {footer}");
        }
    }
}

#[test]
fn pasted_text_is_text_and_never_a_yes() {
    let mut console = Console::live(WIDE);
    console.keys("4");
    console.answer("/api/admin/jobs", &house::page(&house::jobs(), None));
    console.keys("c");
    console.ms += 1_000;
    console.send(Message::Paste("y".to_owned()));
    assert!(!console.asks("/api/admin/jobs/88130/cancel"));
}
