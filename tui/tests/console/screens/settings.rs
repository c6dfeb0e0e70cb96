//! What users see and what new ones get, key by key.

use binnacle_tui::keys::Key;
use serde_json::json;

use super::keep;
use crate::support::fixtures as house;
use crate::support::{Console, Look, SMALL, WIDE};

const PATH: &str = "/api/settings";
const MONEY: &str = "/api/admin/settings";

fn open(look: Look) -> Console {
    let mut console = Console::live(look);
    console.keys("0");
    console.answer(PATH, &house::branding());
    console.answer(MONEY, &house::rules());
    console
}

fn retype(console: &mut Console, text: &str) {
    console.key(Key::Ctrl('u'));
    console.keys(text);
}

#[test]
fn the_preview_follows_what_is_typed() {
    for (size, look) in [("wide", WIDE), ("small", SMALL)] {
        let mut console = open(look);
        console.keys("c");
        retype(&mut console, "Quay");
        console.shows("Preview of what is typed");
        console.shows("  Quay  Ask the archive.");
        keep(&format!("settings.{size}.form"), &console);
        console.key(Key::Esc);
        console.key(Key::Esc);
        console.shows("  Harbour  Ask the archive.");
    }
}

#[test]
fn what_changed_is_sent_alone_and_told_as_it_was_answered() {
    let mut console = open(WIDE);
    console.keys("c");
    retype(&mut console, "Quay");
    for _ in 0..5 {
        console.key(Key::Tab);
    }
    retype(&mut console, "-");
    console.enter();
    let mut now = house::branding();
    now["app_name"] = json!("Quay");
    now["welcome_message"] = json!("");
    let sent = console.answer(PATH, &now).body.expect("a body");
    assert_eq!(sent["app_name"], "Quay");
    assert_eq!(sent["welcome_message"], "");
    assert!(sent["app_icon"].is_null());
    console.shows("changed: name Quay, welcome - - u undoes");
}

#[test]
fn nothing_changed_is_not_sent() {
    let mut console = open(WIDE);
    console.keys("c");
    console.enter();
    console.shows("nothing is changed");
    assert!(!console.asks(PATH));
}

#[test]
fn a_colour_that_is_none_stays_in_the_form() {
    let mut console = open(WIDE);
    console.keys("c");
    for _ in 0..3 {
        console.key(Key::Tab);
    }
    retype(&mut console, "blue");
    console.enter();
    console.shows("primary is a colour, as #1a2b3c");
    assert!(!console.asks(PATH));
}

#[test]
fn rules_of_money_are_set_here_too() {
    let mut console = open(WIDE);
    console.shows("new users get  $25.00");
    console.keys("D");
    console.keys("30");
    console.enter();
    let sent = console.answer(
        MONEY,
        &json!({"default_limit_nanos": 30_000_000_000_i64, "house_line_nanos": null}),
    );
    assert_eq!(
        sent.body.expect("a body")["default_limit_nanos"],
        30_000_000_000_i64
    );
    console.shows("new users get $30.00, house line none - u undoes");
}

#[test]
fn money_that_could_not_be_read_leaves_the_rest() {
    let mut console = Console::live(WIDE);
    console.keys("0");
    console.answer(PATH, &house::branding());
    console.refuse(MONEY, 503, "busy", "database busy");
    console.shows("Harbour");
    console.shows("could not load: database busy (503)");
}
