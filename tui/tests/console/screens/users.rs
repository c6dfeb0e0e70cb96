use serde_json::json;

use super::keep;
use crate::support::fixtures::{count, page, snapshot_of, users};
use crate::support::{Console, Look, SMALL, WIDE};

const LIST: &str = "/api/admin/accounts";

fn full(look: Look) -> Console {
    let mut console = Console::live(look);
    console.keys("2");
    console.answer(LIST, &page(&users(), None));
    console.answer("/api/admin/accounts/count", &count(5));
    console
}

#[test]
fn frames() {
    for (size, look) in [("wide", WIDE), ("small", SMALL)] {
        keep(&format!("users.{size}.full"), &full(look));
        let mut menu = full(look);
        menu.keys("jx");
        keep(&format!("users.{size}.menu"), &menu);
        let mut form = full(look);
        form.keys("jb");
        keep(&format!("users.{size}.form"), &form);
    }
}

#[test]
fn a_budget_is_set_told_and_undone() {
    let mut console = full(WIDE);
    console.keys("jb");
    console.shows("budget: bo@ex.org");
    console.key(binnacle_tui::keys::Key::Ctrl('u'));
    console.keys("20");
    console.enter();
    let sent = console.answer("/api/admin/budgets/12", &json!({"monthly_limit_usd": 20.0}));
    assert_eq!(sent.body.expect("a body")["monthly_limit_usd"], 20.0);
    console.shows("bo@ex.org: $20.00, left $7.29 - u undoes");
    console.keys("u");
    console.answer("/api/admin/audit/48211/undo", &json!({}));
    console.shows("undone");
}

#[test]
fn a_limit_below_what_is_spent_is_asked_about() {
    let mut console = full(WIDE);
    console.keys("jb");
    console.key(binnacle_tui::keys::Key::Ctrl('u'));
    console.keys("5");
    console.enter();
    console.shows("blocks at once: $12.71 is spent and held");
    assert!(!console.asks("/api/admin/budgets/12"));
    console.keys("y");
    assert!(console.asks("/api/admin/budgets/12"));
}

#[test]
fn a_wrong_value_stays_in_the_form() {
    let mut console = full(WIDE);
    console.keys("jb");
    console.keys("x");
    console.enter();
    console.shows("monthly limit is dollars, as 20 or 0.25");
}

#[test]
fn an_auditor_sees_all_and_changes_nothing() {
    let mut console = full(WIDE);
    console.feed("snapshot", &snapshot_of("auditor"));
    console.shows("READ-ONLY");
    console.keys("jd");
    console.shows("Your role auditor may read this, not change it");
    assert!(console.asked.iter().all(|asked| !asked.act));
}

#[test]
fn an_object_that_changed_meanwhile_is_asked_about_again() {
    let mut console = full(WIDE);
    console.keys("jd");
    console.shows("ends 3 sign-ins, 1 streams, 2 jobs");
    console.keys("y");
    let first = console
        .asked
        .iter()
        .find(|asked| asked.act)
        .cloned()
        .expect("an act");
    console.refuse(
        "/api/admin/accounts/12/disable",
        409,
        "changed_since",
        "the user changed",
    );
    console.shows("Disable bo@ex.org");
    console.keys("y");
    let second = console.question("/api/admin/accounts/12/disable");
    assert_ne!(
        first.request.idempotency_key,
        second.request.idempotency_key
    );
}

#[test]
fn a_new_user_gets_a_password_that_is_shown_once() {
    let mut console = full(WIDE);
    console.keys("n");
    console.keys("new@ex.org");
    console.enter();
    let user = &users()[1];
    console.answer(
        LIST,
        &json!({"account": user, "token": null, "token_expires_at": null, "password": "Abc-123"}),
    );
    console.shows("password: Abc-123");
    console.enter();
    console.shows_not("Abc-123");
}
