//! Acts on the machinery and on what was deleted, key by key.

use binnacle_tui::keys::Key;
use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Console, WIDE};

const RESET: &str = "/api/admin/watchdog/reset-stuck";

fn machinery() -> Console {
    let mut console = Console::live(WIDE);
    console.keys("9");
    console.answer("/api/admin/system", &house::system());
    console
}

fn deleted() -> Console {
    let mut console = machinery();
    console.keys("D");
    console.answer("/api/admin/deleted", &house::deleted());
    console
}

#[test]
fn stuck_documents_begin_again_after_a_question() {
    let mut console = machinery();
    console.keys("W");
    console.enter();
    console.shows("every document that has stood still for 30 minutes");
    assert!(!console.asks(RESET));
    console.keys("y");
    let sent = console.answer(RESET, &json!({"reset_count": 3}));
    assert_eq!(sent.body, Some(json!({"ttl_minutes": 30, "user_id": null})));
    console.shows("3 documents begin again");
}

#[test]
fn minutes_are_whole_and_bounded() {
    for (typed, said) in [
        ("1.5", "a whole number of minutes"),
        ("525601", "0 to 525600 minutes"),
        ("-1", "0 to 525600 minutes"),
    ] {
        let mut console = machinery();
        console.keys("W");
        console.key(Key::Ctrl('u'));
        console.keys(typed);
        console.enter();
        console.shows(said);
        assert!(!console.asks(RESET));
    }
}

#[test]
fn settings_scroll_and_the_picture_outlives_a_failure() {
    let mut console = machinery();
    console.shows("CHAT_RATE_PER_MIN");
    console.keys("j");
    console.shows_not("CHAT_RATE_PER_MIN");
    console.keys("r");
    console.refuse("/api/admin/system", 503, "busy", "database busy");
    console.shows("could not load: database busy (503)");
    console.shows("JWT_SECRET");
    console.shows("0.3.9!");
}

#[test]
fn secrets_are_named_and_not_shown() {
    let console = machinery();
    let text = console.text();
    let line = text
        .lines()
        .find(|line| line.contains("JWT_SECRET"))
        .expect("the setting");
    assert!(line.contains("secret"), "{line}");
}

#[test]
fn a_store_is_restored_and_told_without_its_name() {
    let mut console = deleted();
    console.keys("R");
    console.answer(
        "/api/stores/7/restore",
        &json!({"id": 7, "display_name": "Divorce papers", "fs_name": "divorce"}),
    );
    console.shows("store 7 is back to bo@ex.org: 31 documents, 41 MiB");
    console.shows_not("Divorce");
}

#[test]
fn a_document_is_restored_by_its_number() {
    let mut console = deleted();
    console.keys("d");
    console.keys("x");
    console.enter();
    console.shows("document is a number");
    console.key(Key::Ctrl('u'));
    console.keys("441");
    console.enter();
    console.answer(
        "/api/documents/441/restore",
        &json!({"document_id": 441, "store_id": 7}),
    );
    console.shows("document 441 is back in store 7");
}

#[test]
fn a_deleted_store_opens_its_owner() {
    let mut console = deleted();
    console.enter();
    assert!(console.asks("/api/admin/accounts/12"));
}
