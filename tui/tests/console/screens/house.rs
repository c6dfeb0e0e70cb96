//! Acts on streams and providers, key by key.

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
fn a_month_back_is_asked_by_its_name() {
    let mut console = Console::live(WIDE);
    console.keys("3");
    console.answer("/api/admin/spend", &house::spend());
    console.keys("h");
    let asked = console.question("/api/admin/spend").request;
    assert!(asked.query.contains(&("period", "2026-10".to_owned())));
}
