//! `Idempotency-Key` on what creates or spends: asked for twice, done once, answered the same.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, House, PASSWORD, Sql, User, on_each_database};

const HEADER: &str = "idempotency-key";
const TEXT: &[u8] = b"The tide turns at four in the afternoon.";

async fn post(user: &User, path: &str, key: &str, body: &Value) -> Answer {
    let request = user.request(Method::POST, path).header(HEADER, key);
    user.send(request.json(body)).await
}

async fn upload(user: &User, store: i64, key: &str, text: &'static [u8]) -> Answer {
    let file = reqwest::multipart::Part::bytes(text)
        .file_name("tide.txt")
        .mime_str("text/plain")
        .expect("a media type");
    let form = reqwest::multipart::Form::new()
        .text("storeId", store.to_string())
        .part("file", file);
    let request = user.request(Method::POST, "/api/upload");
    user.send(request.header(HEADER, key).multipart(form)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_made_once_under_a_key() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (house.user("ada").await, house.user("bob").await);
        let tides = json!({"display_name": "Tides"});
        let made = post(&ada, "/api/stores", "s-1", &tides).await.expect(200);
        let again = post(&ada, "/api/stores", "s-1", &tides).await.expect(200);
        assert_eq!(again, made);
        let foreign = post(&bob, "/api/stores", "s-1", &tides).await.expect(200);
        assert_ne!(foreign["id"], made["id"], "a key is its user's");

        let other = json!({"display_name": "Winds"});
        let reused = post(&ada, "/api/stores", "s-1", &other).await.refused(422);
        assert!(reused.contains("another request body"), "{reused}");
        let wrong = post(&ada, "/api/stores", "", &tides).await.refused(400);
        assert!(wrong.contains("printable"), "{wrong}");

        let at_once = (0..8).map(|_| post(&ada, "/api/stores", "s-2", &other));
        for answer in futures_util::future::join_all(at_once).await {
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("stores WHERE display_name = 'Winds'").await, 1);

        let path = format!("/api/stores/{}", made["id"]);
        ada.delete(&path).await.expect(202);
        let gone = post(&ada, "/api/stores", "s-1", &tides).await.expect(409);
        assert_eq!(gone["code"], "answer_deleted");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_in_and_paid_once_under_a_key() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Tides").await;
        let taken = upload(&ada, store, "u-1", TEXT).await.expect(200);
        let operation = taken["op_id"].as_str().expect("an operation");
        assert_eq!(ada.settled_operation(operation).await["status"], "DONE");
        let files = house.files();

        let again = upload(&ada, store, "u-1", TEXT).await.expect(200);

        assert_eq!(again, taken);
        let reused = upload(&ada, store, "u-1", b"The tide turns at five.").await;
        assert_eq!(reused.status, 422, "{}", reused.body);
        assert_eq!(house.files(), files, "no original stays of either");
        let mut sql = Sql::of(&house).await;
        for rows in ["documents", "holds", "ledger", "jobs"] {
            assert_eq!(sql.count(rows).await, 1, "{rows}");
        }
        ada.delete(&format!("/api/documents/{}", taken["document_id"]))
            .await
            .expect(202);
        let gone = upload(&ada, store, "u-1", TEXT).await.expect(409);
        assert_eq!(gone["code"], "answer_deleted");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_leaves_its_key_free() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("DEFAULT_MONTHLY_LIMIT_USD", "0")]).await;
        let ada = house.user("ada").await;
        let store = ada.store("Tides").await;
        for _ in 0..2 {
            upload(&ada, store, "u-1", TEXT).await.expect(402);
        }
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("act_answers").await, 0);
        assert_eq!(house.files(), 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_tried_again_once_under_a_key() {
    on_each_database(|database| async move {
        let settings = [("JOB_WORKERS_IN_SERVE", "false")];
        let house = House::open(&database, &settings).await;
        let ada = house.user("ada").await;
        let store = ada.store("Tides").await;
        let taken = upload(&ada, store, "u-1", TEXT).await.expect(200);
        let mut sql = Sql::of(&house).await;
        for failed in [
            "UPDATE jobs SET state = 'failed', finished_at = created_at",
            "UPDATE documents SET status = 'ERROR'",
        ] {
            sql.run(failed).await.expect("a failure");
        }
        let path = format!("/api/documents/{}/retry", taken["document_id"]);
        let tried = post(&ada, &path, "r-1", &json!({})).await.expect(200);
        let again = post(&ada, &path, "r-1", &json!({})).await.expect(200);
        assert_eq!(again, tried);
        assert_eq!(sql.count("jobs").await, 2);
        post(&ada, &path, "r-2", &json!({})).await.expect(409);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_once_under_a_key() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let stranger = house.stranger();
        let path = "/api/auth/register";
        let ada = json!({"email": "ada@example.org", "password": PASSWORD});
        let made = post(&stranger, path, "a-1", &ada).await.expect(200);
        let again = post(&stranger, path, "a-1", &ada).await.expect(200);
        assert_eq!(again, made);
        let taken = post(&stranger, path, "a-2", &ada).await;
        assert_eq!(taken.status, 400, "another key: {}", taken.body);
        let other = json!({"email": "ada@example.org", "password": "Other-pass1!"});
        let reused = post(&stranger, path, "a-1", &other).await;
        assert_eq!(reused.status, 422, "another password: {}", reused.body);
        let bob = json!({"email": "bob@example.org", "password": PASSWORD});
        post(&stranger, path, "a-1", &bob).await.expect(200);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("users").await, 2);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_made_once_under_a_key() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        let path = "/api/account/export";
        let asked = post(&ada, path, "e-1", &json!({})).await.expect(202);
        crate::support::eventually(|| async {
            let all = ada.get(path).await.expect(200);
            (all["items"][0]["state"] == "ready").then_some(())
        })
        .await;
        let again = post(&ada, path, "e-1", &json!({})).await.expect(202);
        assert_eq!(again["id"], asked["id"]);
        let other = post(&ada, path, "e-2", &json!({})).await.expect(202);
        assert_ne!(other["id"], asked["id"]);
        house.stop().await;
    })
    .await;
}
