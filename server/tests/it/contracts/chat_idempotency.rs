//! `Idempotency-Key`: asked twice, answered twice, charged once.

use serde_json::json;

use super::{QUESTION, Reader, parsed};
use crate::support::{House, Sql, on_each_database};

const KEY: (&str, &str) = ("idempotency-key", "trip-1");

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_gives_the_stored_answer_without_a_charge() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        let first = parsed(&ada.ask(&ada.question(), &[KEY]).await);
        let paid = ada.user.get("/api/costs/summary").await.expect(200);
        // The order of members does not make another question.
        let same = json!({"question": QUESTION, "storeIds": [ada.store]});

        let again = parsed(&ada.ask(&same, &[KEY]).await);

        assert_eq!(again.text(), first.text());
        assert_eq!(again.types(), first.types());
        assert_eq!(again.sources(), first.sources());
        assert_eq!(again.frames.last(), first.frames.last());
        assert_eq!(again.session, first.session);
        assert_eq!(again.id, first.id);
        assert!(again.done);
        assert_eq!(ada.user.get("/api/costs/summary").await.expect(200), paid);
        let session = first.session.expect("a session");
        assert_eq!(
            ada.messages(&session).await.as_array().map(Vec::len),
            Some(2)
        );

        let other = json!({"storeIds": [ada.store], "question": "Who trims the lamp?"});
        let refused = ada.ask(&other, &[KEY]).await.refused(422);
        assert!(refused.contains("another request body"), "{refused}");
        let foreign = parsed(&bob.ask(&bob.question(), &[KEY]).await);
        assert_ne!(foreign.session, Some(session));
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 2);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_while_the_first_runs_is_a_conflict() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "150")]).await;
        let reader = Reader::new(&house, "ada").await;
        let mut live = reader.begin(&reader.question(), &[KEY]).await;
        live.until("text-delta").await;
        let refused = reader.ask(&reader.question(), &[KEY]).await.refused(409);
        assert!(refused.contains("still under way"), "{refused}");
        let path = format!("/api/chat/streams/{}", live.header("x-stream-id"));
        reader.user.delete(&path).await.expect(204);
        live.rest().await;
        let replayed = parsed(&reader.ask(&reader.question(), &[KEY]).await);
        assert!(replayed.done);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 1);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_answer_that_was_deleted_is_refused_as_such() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "50")]).await;
        let reader = Reader::new(&house, "ada").await;
        let first = parsed(&reader.ask(&reader.question(), &[KEY]).await);
        let delete = async |session: &str| {
            let path = format!("/api/chat/sessions/{session}");
            reader.user.delete(&path).await.expect(204);
        };
        delete(&first.session.expect("a session")).await;
        let refused = reader.ask(&reader.question(), &[KEY]).await.expect(409);
        assert_eq!(refused["code"], "answer_deleted", "{refused}");

        // Deleted while it is being written.
        let other = ("idempotency-key", "trip-2");
        let mut live = reader.begin(&reader.question(), &[other]).await;
        live.until("text-delta").await;
        delete(&live.header("x-session-id")).await;
        live.rest().await;
        let refused = reader.ask(&reader.question(), &[other]).await.expect(409);
        assert_eq!(refused["code"], "answer_deleted", "{refused}");
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 2);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_are_charged_once() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "10")]).await;
        let reader = Reader::new(&house, "ada").await;
        let body = reader.question();
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let (user, body) = (reader.user.clone(), body.clone());
            asking.spawn(async move {
                let request = user.request(reqwest::Method::POST, "/api/chat");
                user.send(request.header(KEY.0, KEY.1).json(&body)).await
            });
        }
        let answers = asking.join_all().await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(statuses.contains(&200), "{statuses:?}");
        assert!(
            statuses.iter().all(|status| [200, 409].contains(status)),
            "{statuses:?}"
        );
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 1);
        assert_eq!(sql.count("messages").await, 2);
        assert_eq!(sql.count("holds WHERE state IN ('open', 'sent')").await, 0);
        assert_eq!(sql.count("periods WHERE reserved_nanos <> 0").await, 0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_a_shape() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let reader = Reader::new(&house, "ada").await;
        for wrong in ["", "   ", "\"\"", &"k".repeat(256)] {
            let answer = reader
                .ask(&reader.question(), &[("idempotency-key", wrong)])
                .await;
            assert_eq!(answer.status, 400, "{wrong:?}: {}", answer.body);
        }
        let longest = "k".repeat(255);
        let answer = reader
            .ask(&reader.question(), &[("idempotency-key", &longest)])
            .await;
        assert_eq!(answer.status, 200);
        house.stop().await;
    })
    .await;
}
