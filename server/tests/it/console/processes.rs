//! Two processes on one PostgreSQL see each other; on SQLite a worker's work is noticed.

use std::sync::Arc;

use serde_json::json;

use super::{
    follower::Follower,
    streams::{SLOW, no_streams, only_stream, reader},
};
use crate::support::{Database, House, eventually, on_each_database};

/// Two houses with one database and one secret.
async fn two(database: &Arc<Database>) -> (House, House) {
    let first = House::open(database, &[SLOW]).await;
    let second = House::open_in(first.folder.clone(), database, &[SLOW]).await;
    (first, second)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_another_process_is_told() {
    on_each_database(|database| async move {
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        // A process signs in to the table of processes once it serves.
        eventually(async || {
            let overview = admin.get("/api/admin/overview").await.expect(200);
            (overview["processes"] == 2).then_some(())
        })
        .await;
        let mut feed = Follower::open(&admin, "jobs,audit,accounts", None).await;
        let snapshot = feed.next().await.expect("an event");
        assert_eq!(snapshot.data["processes"], 2);
        let house = database.url().is_some();
        let scope = if house { "house" } else { "process" };
        assert_eq!(snapshot.data["scope"], scope);
        let mut elsewhere = admin.clone();
        elsewhere.base = there.base();
        let ada = there.user("ada").await;
        let role = format!("/api/admin/users/{}/role", ada.id().await);
        let auditor = json!({"role": "auditor"});
        elsewhere.post(&role, &auditor).await.expect(200);
        let id = ada.id().await;
        feed.until("account", |row| row["id"] == id).await;
        feed.until("audit", |act| act["action"] == "set_user_role")
            .await;
        let store = ada.store("papers").await;
        let text = b"Snow lies on the hills.".to_vec();
        ada.indexed(store, "snow.txt", "text/plain", text).await;
        feed.until("job", |job| job["state"] == "succeeded").await;
        there.stop().await;
        here.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_process_is_seen_and_ended() {
    on_each_database(|database| async move {
        if database.url().is_none() {
            return;
        }
        let (here, there) = two(&database).await;
        let admin = here.admin().await;
        let (ada, store) = reader(&there, "ada").await;
        let asking =
            tokio::spawn(async move { ada.ask(store, "What is told of the harbour?").await });
        let stream = eventually(async || {
            let streams = admin.get("/api/admin/streams").await.expect(200);
            streams["items"].get(0).cloned()
        })
        .await;
        assert_eq!(stream["email"], "ada@example.org");
        assert_eq!(stream["process"], "", "which one is not known");
        let id = stream["id"].as_str().expect("an id");
        let path = format!("/api/admin/streams/{id}/end");
        admin.post(&path, &json!({})).await.expect(200);
        assert!(asking.await.expect("it ends").done);
        no_streams(&admin).await;
        let mut elsewhere = admin.clone();
        elsewhere.base = there.base();
        let asking = {
            let (ada, store) = reader(&there, "bo").await;
            tokio::spawn(async move { ada.ask(store, "How many piers are there?").await })
        };
        let stream = only_stream(&elsewhere).await;
        assert_ne!(stream["process"], "", "its own");
        assert!(asking.await.expect("it ends").done);
        there.stop().await;
        here.stop().await;
    })
    .await;
}
