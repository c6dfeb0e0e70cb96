//! Conversations: whose they are, what they are called, what is left of them.

use serde_json::{Value, json};

use super::{QUESTION, Reader, parsed};
use crate::support::{House, Sql, on_each_database};

fn in_session(reader: &Reader, key: &str) -> Value {
    json!({"storeIds": [reader.store], "question": QUESTION, "sessionId": key})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_may_name_its_conversation_and_names_do_not_collide() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, bob) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        for _ in 0..2 {
            let stream = parsed(&ada.ask(&in_session(&ada, "my-trip"), &[]).await);
            assert_eq!(stream.session.as_deref(), Some("my-trip"));
        }
        let stream = parsed(&bob.ask(&in_session(&bob, "my-trip"), &[]).await);
        assert_eq!(stream.session.as_deref(), Some("my-trip"));

        let messages = ada.messages("my-trip").await;
        let roles: Vec<&str> = messages
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|message| message["role"].as_str())
            .collect();
        assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
        assert_eq!(messages[0]["content"], QUESTION);
        assert_eq!(messages[1]["citations"][0]["document_id"], ada.document);
        let theirs = bob.messages("my-trip").await;
        assert_eq!(theirs.as_array().map(Vec::len), Some(2));

        let mine = parsed(&ada.ask(&in_session(&ada, "only-mine"), &[]).await);
        assert!(mine.done);
        let foreign = bob.user.get("/api/chat/sessions/only-mine/messages").await;
        assert_eq!(foreign.refused(404), "Session not found");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_conversations_are_cut_and_any_text() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = Reader::new(&house, "ada").await;
        let long = format!("  {}  ", "k".repeat(70));
        let stream = parsed(&ada.ask(&in_session(&ada, &long), &[]).await);
        assert_eq!(stream.session, Some("k".repeat(64)));
        parsed(&ada.ask(&in_session(&ada, "Fähre ✓ 50%"), &[]).await);
        let path = "/api/chat/sessions/F%C3%A4hre%20%E2%9C%93%2050%25";
        let messages = ada.user.get(&format!("{path}/messages")).await.expect(200);
        assert_eq!(messages.as_array().map(Vec::len), Some(2));
        let slash = parsed(&ada.ask(&in_session(&ada, "a/b"), &[]).await);
        assert_eq!(slash.session.as_deref(), Some("a/b"));
        let messages = ada.messages("a%2Fb").await;
        assert_eq!(messages.as_array().map(Vec::len), Some(2));
        let thread = json!({"storeIds": [ada.store], "question": QUESTION, "threadId": "t-1"});
        assert_eq!(
            parsed(&ada.ask(&thread, &[]).await).session.as_deref(),
            Some("t-1")
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_listed_renamed_and_deleted() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = Reader::new(&house, "ada").await;
        let second = ada.user.store("Empty").await;
        parsed(&ada.ask(&in_session(&ada, "first"), &[]).await);
        let elsewhere =
            json!({"storeIds": [second], "question": "Who?".repeat(40), "sessionId": "second"});
        parsed(&ada.ask(&elsewhere, &[]).await);

        let list = async |query: &str| {
            let path = format!("/api/chat/sessions{query}");
            let list = ada.user.get(&path).await.expect(200);
            let list = list.as_array().expect("a list").clone();
            list.into_iter()
                .map(|session| session["id"].as_str().expect("an id").to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(list("").await, ["second", "first"]);
        assert_eq!(list("?limit=1").await, ["second"]);
        assert_eq!(list(&format!("?storeId={}", ada.store)).await, ["first"]);
        for wrong in ["?limit=0", "?limit=201", "?limit=x", "?storeId=x"] {
            let answer = ada.user.get(&format!("/api/chat/sessions{wrong}")).await;
            answer.refused(422);
        }
        let sessions = ada.user.get("/api/chat/sessions").await.expect(200);
        assert_eq!(sessions[1]["title"], QUESTION);
        let title = sessions[0]["title"].as_str().expect("a title");
        assert!(
            title.chars().count() <= 51 && title.ends_with('…'),
            "{title}"
        );

        let path = "/api/chat/sessions/first";
        let renamed = ada
            .user
            .patch(path, &json!({"title": "  My   lamp "}))
            .await;
        assert_eq!(renamed.expect(200)["title"], "My lamp");
        for wrong in [json!(""), json!("x".repeat(101)), json!(7), Value::Null] {
            ada.user
                .patch(path, &json!({"title": wrong}))
                .await
                .refused(422);
        }
        ada.user.delete(path).await.expect(204);
        ada.user.delete(path).await.refused(404);
        ada.user
            .patch(path, &json!({"title": "x"}))
            .await
            .refused(404);
        ada.user.get(&format!("{path}/messages")).await.refused(404);
        assert_eq!(list("").await, ["second"]);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("messages").await, 2);
        assert_eq!(sql.count("ledger WHERE kind = 'chat'").await, 2);
        house.stop().await;
    })
    .await;
}
