//! Acts on streams, retention, providers, audit and the machinery, key by key.

use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Console, WIDE};

#[test]
fn a_stream_is_ended_and_gone() {
    let mut console = Console::live(WIDE);
    console.keys("5");
    console.answer("/api/admin/streams", &house::page(&house::streams(), None));
    console.keys("e");
    console.shows("612 tokens, $0.0021 settled; the answer so far is kept");
    console.keys("y");
    console.answer(
        "/api/admin/streams/5f2a/end",
        &json!({"id": "5f2a", "tokens_out": 615, "cost_nanos": 2_110_000}),
    );
    console.shows("stream 5f2a ended: 615 tokens, $0.0021");
    console.feed("streams", &json!({"upsert": [], "remove": ["5f2a"]}));
    console.shows_not("cy@ex.org              chat");
}

#[test]
fn a_new_stream_is_shown_at_once() {
    let mut console = Console::live(WIDE);
    console.keys("5");
    console.answer(
        "/api/admin/streams",
        &house::page(&house::streams()[..1], None),
    );
    console.feed(
        "streams",
        &json!({"upsert": [house::streams()[1]], "remove": []}),
    );
    console.shows("77b0");
}

#[test]
fn a_run_deletes_what_its_preview_showed() {
    let mut console = Console::live(WIDE);
    console.keys("6");
    console.answer("/api/admin/retention/preview", &house::forecast(None));
    console.answer("/api/admin/retention", &house::classes());
    console.keys("GR");
    let asked = console.answer("/api/admin/retention/preview", &house::forecast(Some("t9")));
    assert!(asked.query.contains(&("classes", "transcripts".to_owned())));
    console.shows("deletes 4,300 rows");
    console.keys("delete 4300");
    console.enter();
    let sent = console.answer("/api/admin/retention/run", &json!({"items": []}));
    assert_eq!(
        sent.body,
        Some(json!({"classes": ["transcripts"], "preview_token": "t9"}))
    );
}

#[test]
fn days_that_delete_are_asked_about_and_others_are_not() {
    let mut console = Console::live(WIDE);
    console.keys("6");
    console.answer("/api/admin/retention", &house::classes());
    console.keys("d");
    console.key(binnacle_tui::keys::Key::Ctrl('u'));
    console.keys("7");
    console.enter();
    let mut nothing = house::forecast(None);
    nothing["items"] = json!([]);
    console.answer("/api/admin/retention/preview", &nothing);
    let class = &house::classes()["items"][0];
    let sent = console.answer("/api/admin/retention/chat", class);
    console.shows("chat is kept for 90 days");
    assert_eq!(sent.body, Some(json!({"days": 7.0})));
    console.keys("jd");
    console.shows("published cannot be changed");
}

#[test]
fn a_provider_is_probed_and_reset() {
    let mut console = Console::live(WIDE);
    console.keys("7");
    console.answer(
        "/api/admin/providers",
        &json!({"items": house::providers()}),
    );
    console.keys("R");
    console.shows("the breaker of gemini is closed");
    console.keys("jR");
    assert!(console.asks("/api/admin/providers/openai/reset"));
    console.keys("p");
    console.answer(
        "/api/admin/providers/openai/probe",
        &json!({"ok": true, "took_ms": 420, "error": null, "cost_nanos": 100_000}),
    );
    console.shows("openai: answered in 420ms, $0.0001");
}

#[test]
fn the_chain_is_verified_and_an_act_undone() {
    let mut console = Console::live(WIDE);
    console.keys("8");
    let entries = [
        house::audit(48_210, "set_budget", true),
        house::audit(48_209, "replay_jobs", false),
    ];
    console.answer("/api/admin/audit/entries", &house::page(&entries, None));
    console.keys("u");
    console.shows("it was: limit $10.00 > $15.00");
    console.keys("y");
    console.answer("/api/admin/audit/48210/undo", &json!({}));
    console.shows("entry 48210 is undone");
    console.keys("ju");
    console.shows("replay_jobs cannot be undone");
    console.keys("V");
    console.answer(
        "/api/admin/audit/verify",
        &json!({"ok": false, "entries": 48_210, "good_to": 9, "broken_at": 10, "at": "2026-11-21T02:47:09Z"}),
    );
    console.shows("THE CHAIN IS BROKEN at entry 10");
}

#[test]
fn branding_sends_what_changed_alone() {
    let mut console = Console::live(WIDE);
    console.keys("0");
    console.answer("/api/settings", &house::branding());
    console.keys("c");
    console.key(binnacle_tui::keys::Key::Ctrl('u'));
    console.keys("Quay");
    console.enter();
    let sent = console
        .question("/api/settings")
        .request
        .body
        .expect("a body");
    assert_eq!(sent["app_name"], "Quay");
    assert!(sent["app_icon"].is_null());
}

#[test]
fn a_month_back_is_asked_by_its_name() {
    let mut console = Console::live(WIDE);
    console.keys("3");
    console.answer("/api/admin/spend", &house::spend());
    console.keys("h");
    let asked = console.question("/api/admin/spend").request;
    assert!(asked.query.contains(&("period", "2026-10".to_owned())));
}
