//! Roles, notes, keeping out and letting in.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::json;

use super::{audit_id, problem};
use crate::support::{House, PASSWORD, User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../../docs/samples/release-checklist.md");

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_notes_change_by_themselves() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("/api/admin/accounts/{}", ada.id().await);
        let noted = admin.patch(&path, &json!({"notes": "pays by card"})).await;
        let act = audit_id(&noted);
        assert_eq!(noted.expect(200)["notes"], "pays by card");
        let entry = admin.get(&format!("/api/admin/audit/entries/{act}")).await;
        assert!(!entry.body.contains("card"), "the record holds no content");
        assert_eq!(entry.expect(200)["action"], "set_notes");
        let changed = admin
            .patch(&path, &json!({"role": "auditor"}))
            .await
            .expect(200);
        assert_eq!(
            (&changed["role"], &changed["notes"]),
            (&json!("auditor"), &json!("pays by card"))
        );

        assert_eq!(
            problem(&admin.patch(&path, &json!({})).await, 422),
            "invalid_request"
        );
        let long = json!({"notes": "x".repeat(2_001)});
        assert_eq!(
            problem(&admin.patch(&path, &long).await, 422),
            "invalid_request"
        );
        let own = format!("/api/admin/accounts/{}", admin.id().await);
        let demotion = admin.patch(&own, &json!({"role": "user"})).await;
        assert_eq!(problem(&demotion, 400), "self_demotion");
        let unknown = admin
            .patch("/api/admin/accounts/987654", &json!({"role": "user"}))
            .await;
        assert_eq!(problem(&unknown, 404), "not_found");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_loses_sign_ins_and_comes_back_by_signing_in() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let id = ada.id().await;
        let path = format!("/api/admin/accounts/{id}");
        let disable = format!("{path}/disable");
        let answer = admin.post(&disable, &json!({"reason": "left"})).await;
        audit_id(&answer);
        assert_eq!(
            answer.expect(200),
            json!({"sessions": 1, "streams": 0, "jobs": 0})
        );
        assert!([401, 403].contains(&ada.get("/api/auth/me").await.status));
        let again = admin.post(&disable, &json!({})).await;
        assert_eq!(again.header("x-audit-id"), None, "nothing was to be done");
        again.expect(200);
        let reset = admin
            .post(&format!("{path}/reset_password"), &json!({}))
            .await;
        assert_eq!(problem(&reset, 409), "account_disabled");

        let enabled = admin.post(&format!("{path}/enable"), &json!({})).await;
        assert_eq!(enabled.expect(200)["status"], "active");
        assert_eq!(
            ada.get("/api/auth/me").await.status,
            401,
            "ended stays ended"
        );
        let ada = User::sign_in(house.base(), "ada@example.org", PASSWORD).await;
        let sessions = admin.get(&format!("{path}/sessions")).await.expect(200);
        let session = sessions["items"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let one = format!("{path}/sessions/{session}");
        assert_eq!(admin.delete(&one).await.expect(200)["sessions"], 1);
        assert_eq!(ada.get("/api/auth/me").await.status, 401);
        assert_eq!(problem(&admin.delete(&one).await, 404), "not_found");
        let none = admin.delete(&format!("{path}/sessions")).await.expect(200);
        assert_eq!(none["sessions"], 0);

        let own = format!("/api/admin/accounts/{}/disable", admin.id().await);
        assert_eq!(
            problem(&admin.post(&own, &json!({})).await, 409),
            "own_account"
        );
        let long = json!({"reason": "x".repeat(201)});
        assert_eq!(
            problem(&admin.post(&disable, &long).await, 422),
            "invalid_request"
        );
        house.stop().await;
    })
    .await;
}

/// A user with an answer under way, and how to tell when it has ended.
async fn with_open_stream(house: &House) -> (User, tokio::task::JoinHandle<Instant>) {
    let ada = house.user("ada").await;
    let store = ada.store("Papers").await;
    let file = CHECKLIST.to_vec();
    ada.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    let question = json!({"storeIds": [store], "question": "What must be done before a release?"});
    let mut answer = ada
        .request(Method::POST, "/api/chat")
        .json(&question)
        .send()
        .await
        .expect("an answer");
    answer.chunk().await.expect("a frame").expect("more frames");
    let reading = tokio::spawn(async move {
        while let Ok(Some(_)) = answer.chunk().await {}
        Instant::now()
    });
    (ada, reading)
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_out_ends_streams_within_a_second() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "2000")]).await;
        let admin = house.admin().await;
        let (ada, reading) = with_open_stream(&house).await;
        let id = ada.id().await;
        let path = format!("/api/admin/accounts/{id}");
        let shown = admin.get(&path).await.expect(200);
        assert_eq!(shown["streams_open"], 1);
        let begin = Instant::now();
        let ended = admin
            .post(&format!("{path}/disable"), &json!({}))
            .await
            .expect(200);
        assert_eq!(ended["streams"], 1);
        let end = reading.await.expect("the reader ends");
        assert!(
            end.duration_since(begin) < Duration::from_secs(1),
            "{:?}",
            end - begin
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeping_out_reaches_streams_of_other_processes() {
    on_each_database(|database| async move {
        // Two processes on one SQLite file would be two writers: this is PostgreSQL's.
        if database.url().is_none() {
            return;
        }
        let settings = [
            ("MOCK_LATENCY_MS", "20000"),
            ("JWT_SECRET", "one secret for both of these houses"),
        ];
        let house = House::open(&database, &settings).await;
        let elsewhere = House::open_in(house.folder.clone(), &database, &settings).await;
        let admin = elsewhere.admin().await;
        let (ada, reading) = with_open_stream(&house).await;
        let path = format!("/api/admin/accounts/{}/disable", ada.id().await);
        let begin = Instant::now();
        admin.post(&path, &json!({})).await.expect(200);
        let end = reading.await.expect("the reader ends");
        assert!(
            end.duration_since(begin) < Duration::from_secs(5),
            "{:?}",
            end - begin
        );
        house.stop().await;
        elsewhere.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ends_the_answers_of_a_user() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "2000")]).await;
        let admin = house.admin().await;
        let (ada, reading) = with_open_stream(&house).await;
        let path = format!("/api/admin/accounts/{}", ada.id().await);
        let end = format!("{path}/end_streams");
        assert_eq!(admin.post(&end, &json!({})).await.expect(200)["streams"], 1);
        reading.await.expect("the reader ends");
        eventually(|| async {
            let shown = admin.get(&path).await.expect(200);
            (shown["streams_open"] == 0).then_some(())
        })
        .await;
        let happened = admin.get("/api/admin/overview").await.expect(200)["events"].to_string();
        assert!(happened.contains("ended: admin"), "{happened}");
        ada.get("/api/auth/me").await.expect(200);
        assert_eq!(admin.post(&end, &json!({})).await.expect(200)["streams"], 0);
        house.stop().await;
    })
    .await;
}
