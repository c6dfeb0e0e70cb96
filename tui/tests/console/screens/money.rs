//! Budgets and the ledger, key by key.

use binnacle_tui::keys::Key;
use binnacle_tui::place::Place;
use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Asked, Console, WIDE};

const LIST: &str = "/api/admin/spend";

fn budgets() -> Console {
    let mut console = Console::live(WIDE);
    console.keys("3");
    console.answer(LIST, &house::money::lines());
    console.answer("/api/admin/spend/total", &house::money());
    console.answer("/api/admin/spend/by", &house::money::models());
    console.answer("/api/admin/spend/by", &house::money::days());
    console
}

fn ledger() -> Console {
    let mut console = Console::live(WIDE);
    console.keys(":ledger");
    console.enter();
    console.answer("/api/admin/ledger", &house::money::charges());
    console
}

fn place(console: &Console) -> Place {
    let (_, screen) = console.app.history.shown().expect("a screen");
    screen.place()
}

fn acts(console: &Console) -> Vec<&Asked> {
    console.asked.iter().filter(|asked| asked.act).collect()
}

fn value<'a>(asked: &'a Asked, name: &str) -> Option<&'a str> {
    let mut query = asked.request.query.iter();
    query
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn the_head_says_where_the_money_went() {
    let console = budgets();
    console.shows("Budgets | November 2026");
    console.shows("house line $400.00 · spent $184.20 · held $1.42 · forecast $301.70 ± $38.00");
    console.shows("new users get $25.00 [D]");
    console.shows("peak 12 Nov $91.00 · gemini-2.5-flash $120.10 · whisper-1 $40.00");
    console.shows("drift $0.00 ok");
}

#[test]
fn a_forecast_beyond_the_line_and_a_drift_are_marked() {
    let mut console = budgets();
    let mut total = house::money();
    total["house_line_nanos"] = json!(200_000_000_000_i64);
    console.keys("r");
    console.answer("/api/admin/spend/total", &total);
    console.shows("forecast $301.70!");
    let mut pulse = house::pulse();
    pulse["drift_nanos"] = json!(1_200);
    console.feed("pulse", &pulse);
    console.shows("! drift $0.0000012");
}

#[test]
fn months_are_turned_and_a_month_that_is_over_sets_nothing() {
    let mut console = budgets();
    console.keys("<");
    console.shows("Budgets | October 2026");
    assert_eq!(value(&console.question(LIST), "period"), Some("2026-10"));
    let by = console.question("/api/admin/spend/by");
    assert_eq!(value(&by, "group"), Some("model"));
    assert_eq!(value(&by, "period"), Some("2026-10"));
    console.keys("<");
    console.answer(LIST, &house::money::past_lines());
    console.answer("/api/admin/spend/by", &house::money::models());
    console.answer("/api/admin/spend/by", &house::money::days());
    console.shows("spent $184.20 in 204 charges");
    console.shows_not("forecast");
    console.keys("b");
    console.shows_not("monthly limit");
    assert!(acts(&console).is_empty());
    console.enter();
    let there = "user:12 at>=2026-09-01 at<2026-10-01".to_owned();
    assert_eq!(place(&console), Place::Ledger { filter: there });
    console.key(Key::Esc);
    console.key(Key::Esc);
    console.keys(">>");
    console.shows("Budgets | November 2026");
    assert_eq!(value(&console.question(LIST), "period"), None);
    console.answer(LIST, &house::money::lines());
    console.keys(">");
    let asked = console
        .asked
        .iter()
        .filter(|asked| asked.request.path == LIST)
        .count();
    console.keys(">");
    let after = console
        .asked
        .iter()
        .filter(|asked| asked.request.path == LIST)
        .count();
    assert_eq!(asked, after, "nothing comes after this month");
}

#[test]
fn a_limit_is_set_from_its_row_and_undone() {
    let mut console = budgets();
    console.keys("jjb");
    console.shows("budget: bo@ex.org");
    console.key(Key::Ctrl('u'));
    console.keys("20");
    console.enter();
    let sent = console.question("/api/admin/budgets/12");
    assert!(sent.act && sent.request.idempotency_key.is_some());
    assert_eq!(sent.request.body, Some(json!({"monthly_limit_usd": 20.0})));
    console.asked.push(sent);
    console.answer("/api/admin/budgets/12", &json!({"monthly_limit_usd": 20.0}));
    console.shows("bo@ex.org: $20.00, left $7.29 - u undoes");
    assert!(
        console.asks("/api/admin/spend/total"),
        "the house's money is read again"
    );
    console.keys("u");
    assert!(console.asks("/api/admin/audit/entries/48211/undo"));
}

#[test]
fn a_form_that_is_only_confirmed_changes_no_limit() {
    for (nanos, dollars) in [
        (20_125_000_000_i64, 20.125),
        (12_345_670_000_000, 12_345.67),
        (4_000_000, 0.004),
        (0, 0.0),
    ] {
        let mut console = Console::live(WIDE);
        console.keys("3");
        let mut lines = house::money::lines();
        for line in lines["items"].as_array_mut().expect("lines") {
            line["budget"]["limit_nanos"] = json!(nanos);
        }
        console.answer(LIST, &lines);
        console.keys("jjb");
        console.enter();
        if acts(&console).is_empty() {
            console.shows("blocks at once");
            console.keys("y");
        }
        let sent = console.question("/api/admin/budgets/12").request;
        assert_eq!(sent.body, Some(json!({"monthly_limit_usd": dollars})));
    }
}

#[test]
fn a_limit_is_taken_away_from_the_menu() {
    let mut console = budgets();
    console.keys("jjx");
    console.shows("no limit");
    console.keys("j");
    console.enter();
    let sent = console.answer("/api/admin/accounts/12/budget", &json!(null));
    assert_eq!(format!("{:?}", sent.method), "Delete");
    console.shows("bo@ex.org has no limit");
    console.keys("gjx");
    console.keys("j");
    console.enter();
    console.shows("ada@ex.org has no limit");
    assert!(acts(&console).is_empty());
}

#[test]
fn a_limit_is_taken_away_from_the_palette() {
    let mut console = Console::live(WIDE);
    console.keys(":budgets clear bo@ex.org");
    console.enter();
    console.answer(
        "/api/admin/accounts",
        &house::page(&house::users()[1..2], None),
    );
    assert!(console.asks("/api/admin/accounts/12/budget"));
}

#[test]
fn marked_users_get_one_limit_after_a_preview() {
    let mut console = budgets();
    console.keys("jj  b");
    console.key(Key::Ctrl('u'));
    console.keys("20");
    console.enter();
    let preview = json!({
        "preview_token": "t1", "expires_at": "2026-11-21T03:00:00Z", "count": 2, "more": false, "limits": null, "by_kind": [],
        "skipped": [], "cost_nanos": 0, "owners": 2,
    });
    let asked = console.answer("/api/admin/accounts/bulk/preview", &preview);
    let body = asked.body.expect("a body");
    assert_eq!(
        (&body["action"], &body["ids"]),
        (&json!("set_budget"), &json!([12, 13]))
    );
    assert_eq!(body["limit_nanos"], json!(20_000_000_000_i64));
    console.keys("2");
    console.enter();
    let sent = console.question("/api/admin/accounts/bulk").request;
    assert_eq!(sent.body, Some(json!({"preview_token": "t1"})));
}

#[test]
fn a_limit_below_what_is_taken_is_asked_about_again_after_a_change() {
    let mut console = budgets();
    console.keys("jjb");
    console.key(Key::Ctrl('u'));
    console.keys("5");
    console.enter();
    console.shows("blocks at once: $12.71 is spent and held");
    assert!(acts(&console).is_empty());
    console.keys("y");
    console.refuse(
        "/api/admin/budgets/12",
        409,
        "changed_since",
        "the budget changed",
    );
    console.shows("it changed meanwhile");
    console.shows("Budget of bo@ex.org");
    console.enter();
    assert!(acts(&console).is_empty(), "Enter cancels");
}

#[test]
fn the_defaults_take_what_was_said_alone() {
    let mut console = budgets();
    console.keys("D");
    console.enter();
    console.shows("nothing to change");
    console.keys("30");
    console.key(Key::Tab);
    console.keys("-");
    console.enter();
    let changed = json!({"default_limit_nanos": 30_000_000_000_i64, "house_line_nanos": null});
    let sent = console.answer("/api/admin/settings", &changed);
    let body = sent.body.expect("a body");
    assert_eq!(body["default_limit_nanos"], json!(30_000_000_000_i64));
    assert!(
        body["house_line_nanos"]
            .as_i64()
            .is_some_and(|removed| removed < 0)
    );
    console.shows("new users get $30.00, house line none - u undoes");
}

#[test]
fn an_auditor_reads_budgets_and_sets_none() {
    let mut console = budgets();
    console.feed("snapshot", &house::snapshot_of("auditor"));
    for key in ["b", "D"] {
        console.keys(key);
        console.shows("Your role auditor may read this, not change it");
    }
    assert!(acts(&console).is_empty());
}

#[test]
fn the_list_lives_on_without_the_houses_money() {
    let mut console = Console::live(WIDE);
    console.keys("3");
    console.refuse("/api/admin/spend/total", 503, "busy", "database busy");
    console.answer(LIST, &house::money::lines());
    console.shows("the house's money: could not load: database busy (503)  r now");
    console.shows("bo@ex.org");
    console.keys("r");
    console.answer("/api/admin/spend/total", &house::money());
    console.shows_not("could not load");
}

#[test]
fn money_that_moves_is_read_again_but_not_each_time() {
    let mut console = budgets();
    let asked = |console: &Console| {
        let paths = console
            .asked
            .iter()
            .map(|asked| asked.request.path.as_str());
        paths
            .filter(|path| *path == "/api/admin/spend/total")
            .count()
    };
    console.feed("account", &json!({"id": 12, "rev": 2}));
    assert_eq!(asked(&console), 0, "it was read just now");
    console.wait(6_000);
    for rev in 3..40 {
        console.feed("account", &json!({"id": 12, "rev": rev}));
    }
    assert_eq!(asked(&console), 1);
}

#[test]
fn a_charge_is_shown_whole_and_opens_what_it_was_for() {
    let mut console = ledger();
    console
        .shows("exactly $0.0021 · provider gemini · model gemini-2.5-flash · in 1,204 · out 612");
    console.shows("user 12 · stream 5f2a · hold 7f3c19 · trace 9f3c");
    console.enter();
    assert_eq!(
        place(&console),
        Place::Stream {
            id: "5f2a".to_owned()
        }
    );
    console.key(Key::Esc);
    console.keys("j");
    console.shows("exactly $0.011300123");
    console.enter();
    assert_eq!(
        place(&console),
        Place::Job {
            id: "88121".to_owned()
        }
    );
    console.key(Key::Esc);
    console.keys("j");
    console.shows("1,320 seconds");
    console.keys("w");
    assert_eq!(place(&console), Place::User { id: 12 });
    console.key(Key::Esc);
    console.keys("jw");
    console.shows("this row belongs to no user");
    console.shows("exactly $0.000000007");
}

#[test]
fn the_ledger_counts_what_its_filter_leaves() {
    let mut console = ledger();
    console.keys("/kind:embed amount>0.01");
    console.enter();
    let filter = Some("kind:embed amount>0.01");
    assert_eq!(
        value(&console.question("/api/admin/ledger"), "filter"),
        filter
    );
    let counted = console.question("/api/admin/ledger/count");
    assert_eq!(value(&counted, "filter"), filter);
    console.asked.push(counted);
    console.answer("/api/admin/ledger/count", &house::count(88));
    console.shows("of 88");
}
