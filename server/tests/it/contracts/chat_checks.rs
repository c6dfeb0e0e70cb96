//! What is checked before an answer begins, in the contract's order, and the spellings of a
//! question.

use serde_json::{Value, json};

use super::{QUESTION, Reader, parsed};
use crate::support::{House, Sql, on_each_database};

/// Members added to a good question.
fn changed(reader: &Reader, changes: Value) -> Value {
    let mut body = reader.question();
    let Value::Object(changes) = changes else {
        panic!("an object")
    };
    for (name, value) in changes {
        body[name] = value;
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_faults_the_one_that_the_contract_puts_first_is_told() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        let stranger = house.stranger();
        let refused = stranger.post("/api/chat", &json!({"storeIds": "x"})).await;
        assert_eq!(refused.refused(401), "Missing bearer token");
        let foreign = json!([bob.store]);
        let long = "x".repeat(32_001);
        let zero = json!({"monthly_limit_usd": 0});
        let admin = house.admin().await;
        let budget = format!("/api/admin/budgets/{}", ada.user.id().await);
        admin.post(&budget, &zero).await.expect(200);
        for (changes, status, detail) in [
            (json!({"storeIds": foreign, "tags": 7}), 422, "tags"),
            (
                json!({"storeIds": foreign, "question": ""}),
                404,
                "Store not found",
            ),
            (
                json!({"storeIds": [ada.store, bob.store]}),
                404,
                "Store not found",
            ),
            (
                json!({"question": " ", "model": "none"}),
                400,
                "Missing question",
            ),
            (json!({"question": long, "model": "none"}), 400, "32000"),
            (
                json!({"projectId": "x", "metadataFilter": {"a": 1}}),
                400,
                "projectId",
            ),
            (
                json!({"metadataFilter": {"a": 1}, "model": "none"}),
                400,
                "Metadata filters are disabled",
            ),
            (json!({"model": "none"}), 400, "Unsupported model requested"),
            (json!({}), 402, "Monthly budget exhausted"),
        ] {
            let told = ada
                .ask(&changed(&ada, changes.clone()), &[])
                .await
                .refused(status);
            assert!(told.contains(detail), "{changes}: {told}");
        }
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("messages").await, 0);
        assert_eq!(sql.count("chat_sessions").await, 0);
        assert_eq!(sql.count("holds WHERE kind = 'chat'").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chat_limit_counts_questions_that_can_be_asked() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("CHAT_RATE_LIMIT_PER_MINUTE", "1")]).await;
        let reader = Reader::new(&house, "ada").await;
        for _ in 0..3 {
            let missing = changed(&reader, json!({"question": ""}));
            reader.ask(&missing, &[]).await.refused(400);
            let foreign = changed(&reader, json!({"storeIds": [987_654]}));
            reader.ask(&foreign, &[]).await.refused(404);
        }
        assert_eq!(reader.ask(&reader.question(), &[]).await.status, 200);
        let bad = changed(&reader, json!({"projectId": "x", "model": "none"}));
        let limited = reader.ask(&bad, &[]).await;
        let wait: u64 = limited
            .header("retry-after")
            .expect("a wait")
            .parse()
            .expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(limited.refused(429), "Rate limit exceeded");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_of_nothing_says_what_is_left_and_until_when() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let reader = Reader::new(&house, "ada").await;
        let admin = house.admin().await;
        let budget = format!("/api/admin/budgets/{}", reader.user.id().await);
        admin
            .post(&budget, &json!({"monthly_limit_usd": 0}))
            .await
            .expect(200);
        let refused = reader.ask(&reader.question(), &[]).await.expect(402);
        assert_eq!(refused["detail"], "Monthly budget exhausted");
        assert_eq!(refused["limit_usd"], 0.0);
        assert!(
            refused["spent_usd"]
                .as_f64()
                .is_some_and(|spent| spent > 0.0)
        );
        assert_eq!(refused["held_usd"], 0.0);
        let resets = refused["resets_at"].as_str().expect("a time");
        assert!(resets.ends_with("-01T00:00:00Z"), "{resets}");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_spelling_of_the_contract_is_read() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = Reader::new(&house, "ada").await;
        let store = json!([ada.store]);
        let told = [
            json!({"store_ids": store, "question": QUESTION}),
            json!({"storeIds": store, "store_ids": store, "question": QUESTION}),
            json!({"storeIds": store, "messages": [{"role": "user", "content": QUESTION}]}),
            json!({"storeIds": store, "messages": [
                {"role": "user", "parts": [{"type": "text", "text": QUESTION}]}]}),
            json!({"storeIds": store, "messages": [
                {"role": "user", "content": QUESTION}, {"role": "assistant", "content": "At dusk."}]}),
            json!({"storeIds": store, "question": QUESTION, "projectId": "12", "tags": {"team": 7},
                "runConfig": {}, "state": 1, "tools": [], "top_k": 3, "language": "en"}),
        ];
        for body in told {
            let stream = parsed(&ada.ask(&body, &[]).await);
            assert!(stream.text().contains("sunset"), "{body}: {}", stream.text());
        }
        for (body, field) in [
            (json!({"storeIds": store, "store_ids": [ada.store + 1], "question": QUESTION}), "store_ids"),
            (json!({"storeIds": [], "question": QUESTION}), "storeIds"),
            (json!({"storeIds": [1.5], "question": QUESTION}), "storeIds"),
            (json!({"storeIds": ["1"], "question": QUESTION}), "storeIds"),
            (json!({"storeIds": [9_223_372_036_854_775_808_u64]}), "storeIds"),
            (json!({"question": QUESTION}), "storeIds"),
            (json!({"storeIds": store, "question": 7}), "question"),
            (json!({"storeIds": store, "messages": {}}), "messages"),
            (json!({"storeIds": store, "messages": [1]}), "messages"),
            (json!({"storeIds": store, "sessionId": [], "question": QUESTION}), "sessionId"),
            (json!({"storeIds": store, "metadataFilter": [], "question": QUESTION}), "metadataFilter"),
        ] {
            let refused = ada.ask(&body, &[]).await.refused(422);
            assert!(refused.contains(field), "{body}: {refused}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_the_documents_where_they_are_allowed() {
    on_each_database(|database| async move {
        let settings = [
            ("ALLOW_METADATA_FILTERS", "true"),
            (
                "METADATA_FILTER_ALLOWED_KEYS",
                "filename,document_id,colour",
            ),
        ];
        let house = House::open(&database, &settings).await;
        let ada = Reader::new(&house, "ada").await;
        let text = b"The second keeper trims the lamp at noon on Sundays only.".to_vec();
        let other = ada
            .user
            .indexed(ada.store, "second.txt", "text/plain", text)
            .await;
        for filter in [
            json!({"filename": "second.txt"}),
            json!({"filename": ["none.txt", "second.txt"]}),
            json!({"document_id": other}),
        ] {
            let body = changed(&ada, json!({"metadataFilter": filter}));
            let stream = parsed(&ada.ask(&body, &[]).await);
            assert!(!stream.sources().is_empty(), "{filter}");
            for source in stream.sources() {
                assert_eq!(source["documentId"], other, "{filter}");
            }
        }
        let none = changed(&ada, json!({"metadata_filter": {"filename": "none.txt"}}));
        assert!(parsed(&ada.ask(&none, &[]).await).sources().is_empty());
        for (filter, detail) in [
            (json!({"size": 1}), "METADATA_FILTER_ALLOWED_KEYS"),
            (json!({"filename": []}), "Invalid metadataFilter value"),
            (json!({"filename": {}}), "Invalid metadataFilter value"),
            (json!({"filename": null}), "Invalid metadataFilter value"),
            (
                json!({"filename": "x".repeat(257)}),
                "Invalid metadataFilter value",
            ),
        ] {
            let body = changed(&ada, json!({"metadataFilter": filter}));
            let refused = ada.ask(&body, &[]).await.refused(400);
            assert!(refused.contains(detail), "{filter}: {refused}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_models_on_the_list_may_be_asked() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = Reader::new(&house, "ada").await;
        let models = ada.user.get("/api/models").await.expect(200);
        let models = models.as_array().expect("a list");
        assert_eq!(
            models
                .iter()
                .filter(|model| model["default"] == true)
                .count(),
            1
        );
        for model in models {
            let body = changed(&ada, json!({"model": model["id"]}));
            assert!(parsed(&ada.ask(&body, &[]).await).done, "{model}");
        }
        house.stop().await;
    })
    .await;
}
