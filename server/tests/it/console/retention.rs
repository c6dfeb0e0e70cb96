//! What is deleted when, from the console: seen, changed, run; and one user's data.

use serde_json::{Value, json};

use super::follower::Follower;
use crate::support::{House, Sql, eventually, on_each_database};

/// Waits until a job is over; answers it.
async fn over(admin: &crate::support::User, job: &Value) -> Value {
    let path = format!("/api/admin/jobs/{job}");
    eventually(async || {
        let detail = admin.get(&path).await.expect(200);
        let state = detail["job"]["state"].as_str()?.to_owned();
        matches!(state.as_str(), "succeeded" | "failed").then_some(detail["job"].clone())
    })
    .await
}

fn class<'a>(listed: &'a Value, name: &str) -> &'a Value {
    let mut items = listed["items"].as_array().expect("items").iter();
    items.find(|item| item["class"] == name).expect("a class")
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_set_and_a_run_deletes_what_its_preview_said() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = super::streams::reader(&house, "ada").await;
        let admin = house.admin().await;
        assert!(ada.ask(store, "How many piers are there?").await.done);
        let listed = admin.get("/api/admin/retention").await.expect(200);
        assert_eq!(class(&listed, "chat")["source"], "default");
        assert_eq!(class(&listed, "chat")["days"], 90.0);
        let body = json!({"days": 7.0});
        let set = admin
            .send(
                admin
                    .request(reqwest::Method::PUT, "/api/admin/retention/chat")
                    .json(&body),
            )
            .await;
        assert!(set.header("x-audit-id").is_some());
        let set = set.expect(200);
        assert_eq!(
            (&set["days"], &set["source"]),
            (&json!(7.0), &json!("console"))
        );
        let mut sql = Sql::of(&house).await;
        let past = match house.setting("DATABASE_URL") {
            Some(_) => "now() - interval '8 days'",
            None => "datetime('now', '-8 days') || '+00:00'",
        };
        for table in ["chat_sessions", "messages"] {
            let columns = if table == "messages" {
                "created_at"
            } else {
                "updated_at"
            };
            let age = format!("UPDATE {table} SET {columns} = {past}");
            sql.run(&age).await.expect("older rows");
        }
        let preview = admin
            .get("/api/admin/retention/preview?classes=chat")
            .await
            .expect(200);
        let rows = preview["items"][0]["rows"].as_i64().expect("rows");
        assert!(rows > 0, "{preview}");
        let supposed = admin
            .get("/api/admin/retention/preview?classes=chat&days=30")
            .await
            .expect(200);
        assert_eq!(supposed["items"][0]["rows"], 0);
        assert!(supposed["preview_token"].is_null(), "only supposed");
        let run = json!({"classes": ["chat"], "preview_token": preview["preview_token"]});
        let started = admin
            .post("/api/admin/retention/run", &run)
            .await
            .expect(200);
        assert_eq!(over(&admin, &started["job_id"]).await["state"], "succeeded");
        let runs = admin.get("/api/admin/retention/runs").await.expect(200);
        assert_eq!(runs["items"][0]["class"], "chat");
        assert_eq!(runs["items"][0]["outcome"], "ok");
        assert_eq!(runs["items"][0]["rows"], rows);
        let path = "/api/admin/retention/chat";
        let reset = admin.delete(path).await.expect(200);
        assert_eq!(reset["days"], 90.0);
        admin.delete("/api/admin/retention/none").await.expect(404);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_days_are_told_by_the_feed() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let mut feed = Follower::open(&admin, "retention", None).await;
        let request = admin.request(reqwest::Method::PUT, "/api/admin/retention/chat");
        let set = admin.send(request.json(&json!({"days": 7}))).await;
        set.expect(200);
        let days = feed.until("retention", |_| true).await;
        assert_eq!(days.data, json!({"class": "chat", "run": null}));
        let preview = "/api/admin/retention/preview?classes=chat,sessions";
        let token = admin.get(preview).await.expect(200)["preview_token"].clone();
        let run = json!({"classes": [], "preview_token": token});
        admin
            .post("/api/admin/retention/run", &run)
            .await
            .expect(200);
        for class in ["chat", "sessions"] {
            let ended = feed.until("retention", |change| {
                change["class"] == class && change["run"]["outcome"] == "ok"
            });
            assert!(!ended.await.data["run"]["finished_at"].is_null());
        }

        // What the command line deletes is told, too: on SQLite because the tables are looked at.
        let swept = house.command(&["retention", "--class", "exports"]);
        assert!(swept.status.success(), "{swept:?}");
        feed.until("retention", |change| change["class"] == "exports")
            .await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_exported_and_erased_by_jobs() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, _) = super::streams::reader(&house, "ada").await;
        let admin = house.admin().await;
        let account = format!("/api/admin/accounts/{}", ada.id().await);
        let export = admin
            .post(&format!("{account}/export"), &json!({}))
            .await
            .expect(200);
        assert_eq!(over(&admin, &export["job_id"]).await["state"], "succeeded");
        let erase = format!("{account}/erase");
        let forecast = admin.get(&erase).await.expect(200);
        assert!(forecast["rows"].as_i64().expect("rows") > 0, "{forecast}");
        assert!(forecast["blobs"].as_i64().expect("blobs") > 0, "{forecast}");
        let wrong = json!({"confirm_email": "bo@example.org"});
        admin.post(&erase, &wrong).await.expect(422);
        let typed = json!({"confirm_email": "ada@example.org"});
        let started = admin.post(&erase, &typed).await;
        assert!(started.header("x-audit-id").is_some());
        let started = started.expect(200);
        assert_eq!(over(&admin, &started["job_id"]).await["state"], "succeeded");
        ada.get("/api/stores").await.refused(401);
        admin.get(&erase).await.expect(404);
        house.stop().await;
    })
    .await;
}
