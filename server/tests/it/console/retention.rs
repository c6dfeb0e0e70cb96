//! What is deleted when, from the console: seen, changed, run; and one user's data.

use serde_json::{Value, json};

use super::follower::Follower;
use crate::support::{House, Sql, User, client::Answer, eventually, on_each_database};

/// Waits until a job is over; answers it.
async fn over(admin: &User, job: &Value) -> Value {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_is_kept_is_not_run_and_its_name_is_told() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let preview = async |classes: &str| {
            let path = format!("/api/admin/retention/preview?classes={classes}");
            admin.get(&path).await.expect(200)["preview_token"].clone()
        };
        let run = async |classes: &[&str], token: &Value| {
            let body = json!({"classes": classes, "preview_token": token});
            admin.post("/api/admin/retention/run", &body).await
        };
        let before = preview("chat").await;
        let keep = admin.request(reqwest::Method::PUT, "/api/admin/retention/chat");
        admin.send(keep.json(&json!({"days": 0}))).await.expect(200);
        let kept = preview("chat").await;
        for token in [&before, &kept] {
            let refused = run(&["chat"], token).await;
            assert!(refused.header("x-audit-id").is_none());
            let body = refused.expect(422).to_string();
            assert!(body.contains("chat is kept for ever"), "{body}");
            assert!(body.contains("classes"), "{body}");
        }
        // Beside others it is passed over.
        let both = preview("chat,sessions").await;
        run(&["chat", "sessions"], &both).await.expect(200);
        house.stop().await;
    })
    .await;
}

/// The entry that an answer names.
async fn named(admin: &User, answer: &Answer) -> Value {
    let id = answer.header("x-audit-id").expect("an act on record");
    let path = format!("/api/admin/audit/entries/{id}");
    admin.get(&path).await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_its_own_act_and_none_when_nothing_was_done() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let (ada, bo) = (house.user("ada").await, house.user("bo").await);
        let admin = house.admin().await;
        let post = async |path: &str, body: Value| {
            let request = admin
                .request(reqwest::Method::POST, path)
                .header("x-binnacle-client", "console")
                .json(&body);
            admin.send(request).await
        };
        for (user, email) in [(&ada, "ada@example.org"), (&bo, "bo@example.org")] {
            let id = user.id().await.to_string();
            let account = format!("/api/admin/accounts/{id}");
            let confirmed = json!({ "confirm_email": email });
            for (act, action, body) in [
                ("export", "export_user", json!({})),
                ("erase", "erase_user", confirmed),
            ] {
                let path = format!("{account}/{act}");
                let begun = post(&path, body.clone()).await;
                let entry = named(&admin, &begun).await;
                assert_eq!(
                    (&entry["action"], &entry["target_id"], &entry["via"]),
                    (&json!(action), &json!(id), &json!("console"))
                );
                let job = begun.expect(200)["job_id"].clone();
                let again = post(&path, body).await;
                assert!(again.header("x-audit-id").is_none(), "{act} was begun");
                assert_eq!(again.expect(200)["job_id"], job);
            }
        }
        let token = admin
            .get("/api/admin/retention/preview?classes=chat")
            .await
            .expect(200)["preview_token"]
            .clone();
        let run = json!({"classes": ["chat"], "preview_token": token});
        let begun = post("/api/admin/retention/run", run).await;
        let entry = named(&admin, &begun).await;
        assert_eq!(
            (&entry["action"], &entry["target_id"], &entry["via"]),
            (&json!("retention_run"), &json!("chat"), &json!("console"))
        );
        house.stop().await;
    })
    .await;
}
