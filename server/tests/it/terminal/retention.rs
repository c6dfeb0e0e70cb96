//! How long data is kept: changed, put back, and run.

use serde_json::Value;

use binnacle_tui::keys::Key;

use super::console::{Console, Done};
use crate::console::streams::reader;
use crate::support::{House, Sql, User, eventually, on_each_database};

pub const DONE: &[Done] = &[
    ("Retention", "retention set"),
    ("Retention", "retention run"),
    ("Retention", "retention clear"),
    ("RetentionClass", "retention set"),
    ("RetentionClass", "retention run"),
    ("RetentionClass", "retention clear"),
];

async fn chat(admin: &User) -> Value {
    let listed = admin.get("/api/admin/retention").await.expect(200);
    let mut items = listed["items"].as_array().expect("items").iter();
    items
        .find(|class| class["class"] == "chat")
        .expect("the class")
        .clone()
}

/// Makes every conversation so many days old.
async fn age(house: &House, days: u32) {
    let mut sql = Sql::of(house).await;
    let past = match house.setting("DATABASE_URL") {
        Some(_) => format!("now() - interval '{days} days'"),
        None => format!("datetime('now', '-{days} days') || '+00:00'"),
    };
    for (table, column) in [("chat_sessions", "updated_at"), ("messages", "created_at")] {
        let statement = format!("UPDATE {table} SET {column} = {past}");
        sql.run(&statement).await.expect("older rows");
    }
}

async fn go(console: &mut Console, opened: bool) {
    console.screen('6', "Retention").await;
    console.select(" chat ").await;
    if opened {
        console.key(Key::Enter);
        console.until("Retention > chat").await;
        console.until("- chat:").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_shortened_with_the_numbers_before_and_after_then_run_and_put_back() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = reader(&house, "ada").await;
        let admin = house.admin().await;
        let mut console = Console::open(&house).await;
        for opened in [false, true] {
            assert!(ada.ask(store, "How many piers are there?").await.done);
            age(&house, 8).await;
            go(&mut console, opened).await;
            console.act("retention set");
            console.fill(&[("days", "7")]).await;
            let question = console
                .asked(&[
                    "chat: 90 to 7 days",
                    "before: the next run deletes nothing",
                    "after: the next run deletes",
                    "of 1 users",
                    "held back: 0 rows",
                ])
                .await;
            console.yes();
            console.told("chat: ").await;
            assert_eq!(chat(&admin).await["days"], 7.0);
            console.audited("set_retention", "chat").await;
            go(&mut console, opened).await;
            console.act("retention run");
            let run = console
                .asked(&["Run retention now", "gone for good", "chat: "])
                .await;
            let rows = run
                .split_once("deletes ")
                .and_then(|(_, rest)| rest.split_once(" rows"))
                .map(|(rows, _)| rows.to_owned())
                .expect("a count");
            assert!(question.contains(&format!("deletes {rows} rows")));
            console.word(&format!("delete {rows}"));
            console.told("runs it").await;
            let over = eventually(async || {
                let runs = admin.get("/api/admin/retention/runs").await.expect(200);
                let run = runs["items"][0].clone();
                (run["outcome"] == "ok").then_some(run)
            })
            .await;
            assert_eq!(over["rows"].to_string(), rows, "as it was previewed");
            console.audited("retention_run", "").await;
            go(&mut console, opened).await;
            console.until("7").await;
            console.act("retention clear");
            console.told("chat: ").await;
            assert_eq!(chat(&admin).await["days"], 90.0);
            console.screen('8', "Audit").await;
            console.until_line(&["retention", "chat"]).await;
            let mut sql = Sql::of(&house).await;
            assert_eq!(sql.count("messages").await, 0, "they are gone");
        }
        console.has_done(DONE);
        house.stop().await;
    })
    .await;
}
