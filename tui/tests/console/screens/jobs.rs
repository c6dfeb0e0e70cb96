use serde_json::json;

use super::keep;
use crate::support::fixtures::{count, job, jobs, page, series, tallies};
use crate::support::{Console, Look, SMALL, WIDE};

const LIST: &str = "/api/admin/jobs";

fn open(look: Look) -> Console {
    let mut console = Console::live(look);
    console.keys("4");
    console
}

fn full(look: Look) -> Console {
    let mut console = open(look);
    console.answer(LIST, &page(&jobs(), Some("next")));
    console.answer("/api/admin/jobs/count", &count(312));
    console.answer("/api/admin/jobs/counts", &tallies());
    console.answer("/api/admin/jobs/series", &series());
    console
}

#[test]
fn frames() {
    for (size, look) in [("wide", WIDE), ("small", SMALL)] {
        keep(&format!("jobs.{size}.full"), &full(look));
        let mut loading = open(look);
        loading.wait(600);
        keep(&format!("jobs.{size}.loading"), &loading);
        let mut empty = open(look);
        empty.answer(LIST, &page::<()>(&[], None));
        keep(&format!("jobs.{size}.empty"), &empty);
        let mut ill = open(look);
        ill.refuse(LIST, 503, "busy", "database busy");
        keep(&format!("jobs.{size}.error"), &ill);
        let mut stale = full(look);
        stale.wait(42_000);
        keep(&format!("jobs.{size}.stale"), &stale);
    }
}

#[test]
fn a_failed_list_is_asked_again_when_it_said() {
    let mut console = open(WIDE);
    console.refuse(LIST, 503, "busy", "database busy");
    console.shows("could not load: database busy (503), retry in 4 s");
    assert!(!console.asks(LIST));
    console.wait(4_100);
    assert!(console.asks(LIST));
}

#[test]
fn one_job_is_cancelled_after_a_question() {
    let mut console = full(WIDE);
    console.keys("c");
    console.shows("Cancel job 88130");
    assert!(console.asked.iter().all(|asked| !asked.act));
    console.keys("y");
    let sent = console.question("/api/admin/jobs/88130/cancel");
    assert!(sent.act);
    assert!(sent.request.idempotency_key.is_some());
}

#[test]
fn the_opening_key_and_what_comes_with_it_never_confirm() {
    let mut console = full(WIDE);
    console.ms += 300;
    console.key(binnacle_tui::keys::Key::Char('c'));
    console.key(binnacle_tui::keys::Key::Char('y'));
    assert!(!console.asks("/api/admin/jobs/88130/cancel"));
    console.enter();
    console.shows_not("Cancel job 88130");
    assert!(!console.asks("/api/admin/jobs/88130/cancel"));
}

#[test]
fn what_does_not_fit_says_why() {
    let mut console = full(WIDE);
    console.keys("p");
    console.shows("job 88130 is running: only failed and cancelled jobs are replayed");
}

#[test]
fn all_that_match_are_previewed_and_then_done_exactly_so() {
    let mut console = full(WIDE);
    console.keys("A");
    console.shows("all marked");
    console.keys("p");
    let preview = json!({
        "preview_token": "t1", "expires_at": "2026-11-21T03:00:00Z", "count": 39,
        "more": false, "limits": null, "by_kind": [{"value": "embed", "count": 34, "exact": true}, {"value": "index", "count": 5, "exact": true}],
        "skipped": [{"reason": "running", "count": 4}], "cost_nanos": 1_140_000_000_i64, "owners": 4,
    });
    let asked = console.answer("/api/admin/jobs/bulk/preview", &preview);
    let body = asked.body.expect("a body");
    assert_eq!(body["action"], "replay");
    assert!(body["ids"].is_null());
    console.shows("embed 34, index 5 | 4 owners | quoted ~$1.14");
    console.keys("replay 38");
    console.enter();
    assert!(
        !console.asks("/api/admin/jobs/bulk"),
        "a wrong word cancels"
    );
    console.keys("p");
    console.answer("/api/admin/jobs/bulk/preview", &preview);
    console.keys("replay 39");
    console.enter();
    let sent = console.answer(
        "/api/admin/jobs/bulk",
        &json!({"done": 38, "skipped": [{"reason": "changed", "count": 1}], "job_ids": []}),
    );
    assert_eq!(sent.body.expect("a body")["preview_token"], "t1");
    console.shows("done for 38 jobs, 1 skipped");
}

#[test]
fn the_feed_moves_rows_on_and_old_news_do_not() {
    let mut console = full(WIDE);
    console.feed(
        "job",
        &job(88_121, "embed", "succeeded", &json!({"rev": 3})),
    );
    console.shows("88121 embed       bo@ex.org");
    assert!(!console.text().contains("retrying 12s"));
    console.feed("job", &job(88_121, "embed", "failed", &json!({"rev": 2})));
    let row = console
        .text()
        .lines()
        .find(|line| line.contains("88121 embed  "))
        .map(str::to_owned);
    assert!(row.expect("the row").contains("succeeded"));
}

#[test]
fn marks_and_the_cursor_sit_on_ids() {
    let mut console = full(WIDE);
    console.keys("j  ");
    console.shows("2 marked");
    let mut rows = jobs();
    rows.insert(0, job(88_131, "embed", "queued", &json!({})));
    console.keys("r");
    console.answer(LIST, &page(&rows, None));
    console.shows("2 marked");
    let cursor = console
        .text()
        .lines()
        .find(|line| line.starts_with('>'))
        .map(str::to_owned);
    assert!(cursor.expect("a cursor").contains("87990"));
}

#[test]
fn a_tab_and_a_filter_are_asked_together() {
    let mut console = full(WIDE);
    console.keys("h");
    for _ in 0..6 {
        console.keys("l");
    }
    let asked = console.question(LIST).request;
    assert!(asked.query.contains(&("filter", "state:failed".to_owned())));
    console.keys("/kind:embed");
    console.enter();
    let asked = console.question(LIST).request;
    assert!(
        asked
            .query
            .contains(&("filter", "state:failed kind:embed".to_owned())),
        "{asked:?}"
    );
    console.keys("/");
    console.key(binnacle_tui::keys::Key::Ctrl('u'));
    console.keys("stat:x");
    console.shows("did you mean state?");
}

#[test]
fn a_page_that_is_older_than_the_feed_takes_nothing_back() {
    let mut console = full(WIDE);
    console.keys("r");
    let mut over = jobs()[0].clone();
    over.rev += 1;
    over.state = api::console::JobState::Cancelled;
    console.feed("job", &over);
    console.answer(LIST, &page(&jobs(), Some("next")));
    let text = console.text();
    let row = text.lines().find(|line| line.contains("88130"));
    assert!(row.is_some_and(|row| row.contains("cancelled")), "{text}");
}

#[test]
fn tabs_are_counted_again_when_a_row_turns_from_one_to_another() {
    let mut console = full(WIDE);
    let mut moved = jobs()[0].clone();
    moved.rev += 1;
    moved.progress_ratio = 0.7;
    console.feed("job", &moved);
    assert!(
        !console.asks("/api/admin/jobs/counts"),
        "it is where it was"
    );
    moved.rev += 1;
    moved.state = api::console::JobState::Cancelled;
    console.feed("job", &moved);
    moved.rev += 1;
    moved.state = api::console::JobState::Queued;
    console.feed("job", &moved);
    let asked = console.asked.iter();
    let counts = asked.filter(|asked| asked.request.path == "/api/admin/jobs/counts");
    assert_eq!(counts.count(), 1, "once for all of them");
}
