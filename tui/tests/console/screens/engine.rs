//! Streams, one stream and providers, key by key.

use binnacle_tui::action::Action;
use binnacle_tui::keys::Key;
use binnacle_tui::place::Place;
use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Asked, Console, WIDE};

const STREAMS: &str = "/api/admin/streams";
const PROVIDERS: &str = "/api/admin/providers";

fn streams() -> Console {
    let mut console = Console::live(WIDE);
    console.keys("5");
    console.answer(STREAMS, &house::page(&house::streams(), None));
    console
}

fn stream() -> Console {
    let mut console = streams();
    console.enter();
    console.answer(STREAMS, &house::page(&house::streams()[..1], None));
    console.answer("/api/admin/ledger", &house::page::<()>(&[], None));
    console
}

fn providers() -> Console {
    let mut console = Console::live(WIDE);
    console.keys("7");
    console.answer(PROVIDERS, &json!({"items": house::providers()}));
    console
}

fn place(console: &Console) -> Place {
    let (_, screen) = console.app.history.shown().expect("a screen");
    screen.place()
}

fn acts(console: &Console) -> Vec<&Asked> {
    console.asked.iter().filter(|asked| asked.act).collect()
}

#[test]
fn every_stream_of_a_user_is_ended_after_a_question() {
    let mut console = streams();
    console.keys("E");
    console.shows("End all streams of cy@ex.org");
    assert!(acts(&console).is_empty());
    console.keys("y");
    let sent = console.question("/api/admin/accounts/13/end_streams");
    assert!(sent.act && sent.request.idempotency_key.is_some());
    console.asked.push(sent);
    console.answer(
        "/api/admin/accounts/13/end_streams",
        &json!({"sessions": 0, "streams": 2, "jobs": 0}),
    );
    console.shows("ended 2 streams");
}

#[test]
fn marked_streams_are_ended_by_a_word() {
    let mut console = streams();
    console.keys("  e");
    console.shows("End 2 streams");
    console.keys("y");
    assert!(acts(&console).is_empty(), "y is no word");
    console.key(Key::Esc);
    console.keys("e");
    console.keys("end 2");
    console.enter();
    let ends = |console: &Console| -> Vec<String> {
        let paths = acts(console).into_iter();
        paths.map(|asked| asked.request.path.clone()).collect()
    };
    assert_eq!(ends(&console), ["/api/admin/streams/5f2a/end"]);
    let ended = json!({"id": "5f2a", "tokens_out": 615, "cost_nanos": 2_110_000});
    let first = console.answer("/api/admin/streams/5f2a/end", &ended);
    assert_eq!(
        ends(&console),
        ["/api/admin/streams/77b0/end"],
        "one after the other"
    );
    let second = console.question("/api/admin/streams/77b0/end");
    assert_ne!(
        first.idempotency_key, second.request.idempotency_key,
        "each is an act of its own"
    );
    console.asked.push(second);
    console.refuse(
        "/api/admin/streams/77b0/end",
        404,
        "not_found",
        "no such stream",
    );
    console.shows("1 of 2 failed: no such stream (404)");
}

#[test]
fn every_stream_at_once_is_not_ended() {
    let mut console = streams();
    console.keys("Ae");
    console.shows("mark the streams one by one");
    console.keys("E");
    console.shows("end all of user works on one row at a time");
    assert!(acts(&console).is_empty());
}

#[test]
fn a_stream_is_ended_from_the_menu_and_the_palette() {
    let mut console = streams();
    console.keys("jx");
    console.enter();
    console.shows("End the stream of bo@ex.org");
    console.keys("y");
    assert!(console.asks("/api/admin/streams/77b0/end"));
    let mut console = Console::live(WIDE);
    console.keys(":streams end 5f2a");
    console.enter();
    let asked = console.answer(STREAMS, &house::page(&house::streams()[..1], None));
    assert!(asked.query.contains(&("filter", "id:\"5f2a\"".to_owned())));
    console.shows("End the stream of cy@ex.org");
    console.keys("y");
    assert!(console.asks("/api/admin/streams/5f2a/end"));
}

#[test]
fn an_auditor_ends_nothing() {
    let mut console = streams();
    console.feed("snapshot", &house::snapshot_of("auditor"));
    for key in ["e", "E"] {
        console.keys(key);
        console.shows("Your role auditor may read this, not change it");
    }
    assert!(acts(&console).is_empty());
}

#[test]
fn streams_move_with_the_feed_unless_frozen() {
    let mut console = streams();
    let mut moved = house::streams()[0].clone();
    moved.tokens_out = 731;
    let change = json!({"upsert": [moved], "remove": ["81c9"]});
    console.keys("f");
    console.feed("streams", &change);
    console.shows("612");
    console.keys("f");
    console.feed("streams", &change);
    console.shows("731");
    console.shows_not("dee@ex.org");
    console.feed("lost", &json!({"topic": "streams", "count": 9}));
    assert!(console.asks(STREAMS));
}

#[test]
fn streams_are_sorted_by_the_server() {
    let mut console = streams();
    console.keys("s");
    console.shows("sort by:");
    console.keys("t");
    let asked = console.question(STREAMS).request;
    assert!(
        asked.query.contains(&("sort", "-tokens".to_owned())),
        "{asked:?}"
    );
}

#[test]
fn a_stream_shows_its_charges_and_what_else_its_user_is_answered() {
    let mut console = streams();
    console.enter();
    assert_eq!(
        place(&console),
        Place::Stream {
            id: "5f2a".to_owned()
        }
    );
    let charges = console.answer("/api/admin/ledger", &house::money::charges());
    assert!(
        charges
            .query
            .contains(&("filter", "stream:\"5f2a\"".to_owned()))
    );
    console.answer(STREAMS, &house::page(&house::streams()[..1], None));
    console.shows("612 at 44/s");
    console.shows("[Charges]");
    console.key(Key::Tab);
    console.shows("[Streams of the user]");
    let others = console.question(STREAMS).request;
    assert!(others.query.contains(&("filter", "user:13".to_owned())));
    console.keys("w");
    assert_eq!(place(&console), Place::User { id: 13 });
}

#[test]
fn a_stream_that_ends_stays_in_view_and_is_settled() {
    let mut console = stream();
    let mut moved = house::streams()[0].clone();
    moved.tokens_out = 700;
    console.feed("streams", &json!({"upsert": [moved], "remove": []}));
    console.shows("700 at 44/s");
    console.feed("streams", &json!({"upsert": [], "remove": ["5f2a"]}));
    console.shows("chat · ended · cy@ex.org");
    console.keys("e");
    console.shows("choose a row first");
    console.answer(STREAMS, &house::page::<()>(&[], None));
    assert!(
        console.asks("/api/admin/ledger"),
        "its charges are read again"
    );
    console.keys("y");
    assert!(console.actions.contains(&Action::Copy("5f2a".to_owned())));
}

#[test]
fn a_stream_that_could_not_be_read_is_asked_again() {
    let mut console = streams();
    console.enter();
    console.refuse(STREAMS, 503, "busy", "database busy");
    console.shows("could not load: database busy (503)  r now");
    assert!(!console.asks(STREAMS));
    console.wait(4_100);
    assert!(console.asks(STREAMS));
    console.answer(STREAMS, &house::page::<()>(&[], None));
    console.shows("this stream has ended");
}

#[test]
fn a_breaker_is_reset_and_the_answer_told() {
    let mut console = providers();
    console.keys("R");
    console.shows("the breaker of gemini is closed");
    assert!(acts(&console).is_empty());
    console.keys("j");
    console.shows("breaker half-open: one call tries it; last error rate");
    console.keys("R");
    let sent = console.question("/api/admin/providers/openai/reset");
    assert!(sent.act && sent.request.idempotency_key.is_some());
    console.asked.push(sent);
    let mut closed = house::providers()[1].clone();
    closed.state = api::console::BreakerState::Closed;
    console.answer("/api/admin/providers/openai/reset", &closed);
    console.shows("the breaker of openai is closed");
    assert!(console.asks(PROVIDERS), "the list is read again");
}

#[test]
fn the_next_key_is_taken_where_there_is_one() {
    let mut console = providers();
    console.keys("K");
    let mut turned = house::providers()[0].clone();
    turned.slots[0].state = api::console::KeySlotState::Cooling;
    turned.slots[1].state = api::console::KeySlotState::InUse;
    console.answer("/api/admin/providers/gemini/rotate", &turned);
    console.shows("gemini takes KEY_B now");
    let mut one = house::providers()[0].clone();
    one.slots.truncate(1);
    console.feed("provider", &one);
    console.keys("K");
    console.shows("gemini has no other key");
    assert!(acts(&console).is_empty());
    one.slots.clear();
    console.feed("provider", &one);
    console.shows("it needs no key");
}

#[test]
fn a_probe_says_what_it_found() {
    let mut console = providers();
    let path = "/api/admin/providers/gemini/probe";
    console.keys("p");
    let failed = json!({"ok": false, "took_ms": 4_100, "error": "timeout", "cost_nanos": 0});
    console.answer(path, &failed);
    console.shows("gemini: failed after 4.1s: timeout");
    console.keys("p");
    console.refuse(path, 402, "budget", "your budget is used up");
    console.shows("probe now: your budget is used up (402)");
    console.keys("GR");
    console.shows("the breaker of offline is closed");
}

#[test]
fn providers_are_acted_on_from_the_menu_and_the_palette() {
    let mut console = providers();
    console.keys("jx");
    console.shows("rotate key");
    console.keys("j");
    console.enter();
    assert!(console.asks("/api/admin/providers/openai/rotate"));
    let mut console = Console::live(WIDE);
    console.keys(":providers probe offline");
    console.enter();
    console.answer(PROVIDERS, &json!({"items": house::providers()}));
    assert!(console.asks("/api/admin/providers/offline/probe"));
}

#[test]
fn an_auditor_sees_providers_and_touches_none() {
    let mut console = providers();
    console.feed("snapshot", &house::snapshot_of("auditor"));
    for key in ["jR", "K", "p"] {
        console.keys(key);
        console.shows("Your role auditor may read this, not change it");
    }
    assert!(acts(&console).is_empty());
}

#[test]
fn providers_follow_the_feed_and_open_what_they_were_paid_for() {
    let mut console = providers();
    let mut open = house::providers()[0].clone();
    open.state = api::console::BreakerState::Open;
    open.half_open_at = Some(house::ago(-30));
    console.feed("provider", &open);
    console.shows("breaker open: calls are refused, one tries in 2");
    open.simulated = true;
    console.feed("provider", &open);
    console.shows("MOCK open");
    console.enter();
    let filter = "provider:\"gemini\"".to_owned();
    assert_eq!(place(&console), Place::Ledger { filter });
}
