//! Acts on retention, key by key.

use binnacle_tui::client::request::Method;
use binnacle_tui::keys::Key;
use serde_json::{Value, json};

use crate::support::fixtures as house;
use crate::support::{Console, WIDE};

const CLASSES: &str = "/api/admin/retention";
const PREVIEW: &str = "/api/admin/retention/preview";

fn open() -> Console {
    let mut console = Console::live(WIDE);
    console.keys("6");
    console.answer(CLASSES, &house::classes());
    console.answer(PREVIEW, &house::forecast(None));
    console.answer(CLASSES, &house::classes());
    console
}

fn type_days(console: &mut Console, days: &str) {
    console.keys("d");
    console.key(Key::Ctrl('u'));
    console.keys(days);
    console.enter();
}

fn class(days: Value, source: &str) -> Value {
    let mut class = house::classes()["items"][3].clone();
    class["days"] = days;
    class["source"] = json!(source);
    class
}

#[test]
fn a_run_deletes_what_its_preview_showed() {
    let mut console = open();
    console.keys("GR");
    let asked = console.answer(PREVIEW, &house::forecast(Some("t9")));
    assert!(asked.query.contains(&("classes", "transcripts".to_owned())));
    console.shows("deletes 4,300 rows");
    console.shows("4,300 rows, 0 files of 9 users; 12 rows held back");
    console.keys("delete 4300");
    console.enter();
    let sent = console.answer("/api/admin/retention/run", &json!({"job_id": 77}));
    assert_eq!(
        sent.body,
        Some(json!({"classes": ["transcripts"], "preview_token": "t9"}))
    );
    console.shows("job 77 runs it");
}

#[test]
fn a_run_of_marked_classes_names_them_all() {
    let mut console = open();
    console.keys("  R");
    let asked = console.question(PREVIEW).request;
    assert!(
        asked
            .query
            .contains(&("classes", "chat,published".to_owned()))
    );
}

#[test]
fn a_run_without_anything_due_is_not_asked_about() {
    let mut console = open();
    console.keys("R");
    let mut nothing = house::forecast(Some("t9"));
    nothing["items"] = json!([]);
    console.answer(PREVIEW, &nothing);
    console.shows("nothing is due: there is nothing to run");
    assert!(console.asked.iter().all(|asked| !asked.act));
}

#[test]
fn a_preview_that_changed_is_asked_for_again() {
    let mut console = open();
    console.keys("GR");
    console.answer(PREVIEW, &house::forecast(Some("t9")));
    console.keys("delete 4300");
    console.enter();
    console.refuse(
        "/api/admin/retention/run",
        409,
        "preview_changed",
        "the preview is old",
    );
    let mut fresh = house::forecast(Some("t10"));
    fresh["items"][1]["rows"] = json!(4_301);
    console.answer(PREVIEW, &fresh);
    console.shows("deletes 4,301 rows");
    console.keys("delete 4301");
    console.enter();
    let sent = console.question("/api/admin/retention/run").request;
    assert_eq!(sent.body.expect("a body")["preview_token"], "t10");
}

#[test]
fn fewer_days_are_asked_about_in_the_servers_numbers() {
    let mut console = open();
    console.keys("G");
    type_days(&mut console, "3");
    let mut now = house::forecast(Some("t9"));
    now["items"][1]["rows"] = json!(12);
    let asked = console.answer(PREVIEW, &now);
    assert!(asked.query.iter().all(|(name, _)| *name != "days"));
    let asked = console.answer(PREVIEW, &house::forecast(None));
    assert!(asked.query.contains(&("days", "3".to_owned())));
    console.shows("transcripts: 7 to 3 days");
    console.shows("before: the next run deletes 12 rows");
    console.shows("after: the next run deletes 4,300 rows");
    assert!(!console.asks("/api/admin/retention/transcripts"));
    console.keys("y");
    let sent = console.answer(
        "/api/admin/retention/transcripts",
        &class(json!(3.0), "console"),
    );
    assert_eq!(sent.method, Method::Put);
    assert_eq!(sent.body, Some(json!({"days": 3.0})));
    console.shows("transcripts: 3 days (console) - u undoes");
}

#[test]
fn fewer_days_that_take_nothing_are_set_at_once() {
    let mut console = open();
    type_days(&mut console, "60");
    let mut nothing = house::forecast(None);
    nothing["items"] = json!([]);
    console.answer(PREVIEW, &nothing);
    console.answer(PREVIEW, &nothing);
    assert!(console.asks("/api/admin/retention/chat"));
}

#[test]
fn more_days_and_days_without_end_are_set_at_once() {
    for days in ["365", "0"] {
        let mut console = open();
        type_days(&mut console, days);
        assert!(!console.asks(PREVIEW), "{days} take nothing");
        assert!(console.asks("/api/admin/retention/chat"), "{days}");
    }
}

#[test]
fn days_that_are_none_stay_in_the_form() {
    let mut console = open();
    type_days(&mut console, "-3");
    console.shows("0 and more; 0 keeps for ever");
    assert!(!console.asks(PREVIEW));
}

#[test]
fn fixed_days_cannot_be_changed() {
    let mut console = open();
    console.keys("jd");
    console.shows("published cannot be changed");
}

#[test]
fn the_consoles_days_go_back_to_the_default() {
    let mut console = open();
    console.keys("x");
    console.shows("default days");
    console.key(Key::Esc);
    console.keys(":retention clear transcripts");
    console.enter();
    console.answer(CLASSES, &house::classes());
    let sent = console.answer(
        "/api/admin/retention/transcripts",
        &class(json!(14.0), "default"),
    );
    assert_eq!(sent.method, Method::Delete);
    console.shows("transcripts: 14 days (default) - u undoes");
}

#[test]
fn a_class_opens_with_its_runs_and_the_next_class_follows() {
    let mut console = open();
    console.keys("G");
    console.enter();
    console.shows("Retention > transcripts");
    let asked = console.question("/api/admin/retention/runs").request;
    assert!(
        asked
            .query
            .contains(&("filter", "class:\"transcripts\"".to_owned())),
        "{asked:?}"
    );
    console.answer(CLASSES, &house::classes());
    console.keys("R");
    assert!(console.asks(PREVIEW));
    console.key(Key::Esc);
    console.keys("N");
    console.shows("Retention > raw_audio");
}

#[test]
fn a_class_that_is_not_there_says_so() {
    let mut console = open();
    console.keys("G");
    console.enter();
    console.answer(CLASSES, &json!({"items": []}));
    console.shows("could not load: there is no class transcripts");
}
