//! Money: limits of users, and rules for everybody.

use serde_json::Value;

use binnacle_tui::keys::Key;

use super::console::{Console, Done};
use crate::support::{House, User, on_each_database};

pub const DONE: &[Done] = &[
    ("Budgets", "budgets set"),
    ("Budgets", "budgets clear"),
    ("Budgets", "budgets defaults"),
    ("Settings", "budgets defaults"),
    ("Users", "budgets set"),
    ("Users", "budgets clear"),
    ("User", "budgets set"),
    ("User", "budgets clear"),
];

const ADA: &str = "ada@example.org";

async fn limit(admin: &User, id: i64) -> Value {
    let path = format!("/api/admin/accounts/{id}");
    admin.get(&path).await.expect(200)["budget"]["limit_nanos"].clone()
}

/// Puts the cursor on the user in one of the screens that have a budget's acts.
async fn go(console: &mut Console, screen: &str) {
    match screen {
        "Budgets" => console.screen('3', "Budgets").await,
        _ => console.screen('2', "Users").await,
    }
    console.select(ADA).await;
    if screen == "User" {
        console.key(Key::Enter);
        console.until("- Account ").await;
    }
}

/// Waits until the screen knows that the limit is another one: an act is done to what it shows.
async fn known(console: &mut Console, screen: &str, old: &str) {
    go(console, screen).await;
    let line = if screen == "User" { " limit " } else { ADA };
    let shows = |frame: &str| {
        let mut lines = frame.lines().filter(|row| row.contains(line));
        lines.all(|row| !row.contains(old))
    };
    console
        .wait_for(old, |_, frame| shows(frame).then_some(()))
        .await;
}

async fn set_and_cleared(console: &mut Console, admin: &User, id: i64, screen: &str) {
    go(console, screen).await;
    console.act("budgets set");
    console.fill(&[("limit", "15")]).await;
    console.told("ada@example.org: $15.00, left $15.00").await;
    assert_eq!(limit(admin, id).await, 15_000_000_000_i64, "{screen}");
    console.types("u");
    console.told("undone").await;
    assert!(limit(admin, id).await.is_null(), "{screen}: taken back");
    known(console, screen, "$15.00").await;
    console.act("budgets set");
    console.fill(&[("limit", "0")]).await;
    console
        .asked(&[ADA, "no limit to $0.00", "blocks at once: $0.00 is spent"])
        .await;
    console.yes();
    console.told("ada@example.org: $0.00").await;
    assert_eq!(limit(admin, id).await, 0, "{screen}");
    console.audited("set_budget", ADA).await;
    go(console, screen).await;
    console.act("budgets clear");
    console.told("ada@example.org has no limit").await;
    assert!(limit(admin, id).await.is_null(), "{screen}");
    console.audited("clear_budget", ADA).await;
}

async fn rules(console: &mut Console, admin: &User, screen: (char, &str), dollars: i64) {
    console.screen(screen.0, screen.1).await;
    console.act("budgets defaults");
    let text = dollars.to_string();
    console.fill(&[("default", &text), ("line", "400")]).await;
    console
        .told(&format!("new users get ${dollars}.00, house line $400.00"))
        .await;
    let rules = admin.get("/api/admin/settings").await.expect(200);
    assert_eq!(rules["default_limit_nanos"], dollars * 1_000_000_000);
    assert_eq!(rules["house_line_nanos"], 400_000_000_000_i64);
    console.audited("update_settings", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_and_cleared_from_every_screen_that_shows_them() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let mut console = Console::open(&house).await;
        for screen in ["Users", "User", "Budgets"] {
            set_and_cleared(&mut console, &admin, id, screen).await;
        }
        rules(&mut console, &admin, ('3', "Budgets"), 25).await;
        rules(&mut console, &admin, ('0', "Settings"), 30).await;
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}

/// All that match: the server resolves the filter when it is asked what would be done.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_matches_gets_a_limit_at_once() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bo) = (house.user("ada").await, house.user("bo").await);
        let admin = house.admin().await;
        let mut console = Console::open(&house).await;
        console.screen('2', "Users").await;
        console.types("/role:user");
        console.key(Key::Enter);
        console.until("1-2 of 2").await;
        console.types("A");
        console.act("budgets set");
        console.fill(&[("limit", "20")]).await;
        console.asked(&["2 users"]).await;
        console.word("2");
        console.told("done for 2 users, 0 skipped").await;
        for user in [&ada, &bo] {
            let id = user.id().await;
            assert_eq!(limit(&admin, id).await, 20_000_000_000_i64);
        }
        let own = admin.id().await;
        assert!(limit(&admin, own).await.is_null(), "the admin is no match");
        console.screen('3', "Budgets").await;
        console.types("A");
        console.act("budgets clear");
        console.asked(&["users"]).await;
        console.key(Key::Esc);
        house.stop().await;
    })
    .await;
}
