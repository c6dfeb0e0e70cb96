//! Answers under way: seen, and ended by an admin.

use serde_json::{Value, json};

use super::follower::Follower;
use crate::support::{House, Sql, User, eventually, on_each_database};

/// Slow enough to be caught in the middle.
pub const SLOW: (&str, &str) = ("MOCK_LATENCY_MS", "150");

/// A user with a text long enough for a long answer.
pub async fn reader(house: &House, name: &str) -> (User, i64) {
    let user = house.user(name).await;
    let store = user.store("papers").await;
    let text = "The harbour of Aldra opened in 1802. The harbour of Aldra has nine piers. \
                The harbour of Aldra is dredged every spring by three ships."
        .repeat(3);
    let bytes = text.into_bytes();
    user.indexed(store, "aldra.txt", "text/plain", bytes).await;
    (user, store)
}

pub async fn only_stream(admin: &User) -> Value {
    eventually(async || {
        let streams = admin.get("/api/admin/streams").await.expect(200);
        let stream = streams["items"].get(0)?.clone();
        (stream["tokens_out"].as_i64()? > 0).then_some(stream)
    })
    .await
}

pub async fn no_streams(admin: &User) {
    eventually(async || {
        let streams = admin.get("/api/admin/streams").await.expect(200);
        let items = streams["items"].as_array().expect("items");
        items.is_empty().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_an_answer_come_and_ends_it_with_its_settlement() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[SLOW]).await;
        let (ada, store) = reader(&house, "ada").await;
        let admin = house.admin().await;
        let mut feed = Follower::open(&admin, "streams", None).await;
        let asking = tokio::spawn({
            let ada = ada.clone();
            async move {
                ada.ask(store, "What is told of the harbour of Aldra?")
                    .await
            }
        });
        let begun = feed
            .until("streams", |change| !change["upsert"][0].is_null())
            .await;
        assert_eq!(begun.data["upsert"][0]["email"], "ada@example.org");
        let stream = only_stream(&admin).await;
        assert_eq!(stream["provider"], "offline");
        assert_eq!(stream["state"], "streaming");
        assert!(stream["first_token_ms"].as_i64().expect("a time") >= 0);
        assert!(stream["held_nanos"].as_i64().expect("money") > 0);
        let id = stream["id"].as_str().expect("an id");
        let path = format!("/api/admin/streams/{id}/end");
        let because = json!({"reason": "the house needs the line"});
        let ended = admin.post(&path, &because).await;
        let entry = ended.header("x-audit-id").expect("an entry").to_owned();
        assert_eq!(ended.expect(200)["id"], id);
        let answer = asking.await.expect("the answer ends");
        assert!(answer.done, "the stream is whole");
        assert!(answer.error().is_none(), "{:?}", answer.error());
        feed.until("streams", |change| change["remove"][0] == *id)
            .await;
        no_streams(&admin).await;
        let mut sql = Sql::of(&house).await;
        let charged = "ledger WHERE kind = 'chat' AND amount_nanos > 0";
        assert_eq!(sql.count(charged).await, 1, "settled at what was used");
        let open = "holds WHERE state IN ('open', 'sent')";
        assert_eq!(sql.count(open).await, 0);
        let acts = admin.get("/api/admin/audit").await.expect(200);
        assert_eq!(acts[0]["id"].to_string(), entry);
        assert_eq!(acts[0]["action"], "end_stream");
        assert!(!acts[0].to_string().contains("needs the line"));
        admin.post(&path, &json!({})).await.expect(404);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_of_a_user_ends_and_no_other() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[SLOW]).await;
        let (ada, hers) = reader(&house, "ada").await;
        let (bo, his) = reader(&house, "bo").await;
        let admin = house.admin().await;
        let ask = |user: &User, store: i64| {
            let user = user.clone();
            tokio::spawn(async move { user.ask(store, "When did the harbour open?").await })
        };
        let asked = [ask(&ada, hers), ask(&ada, hers), ask(&bo, his)];
        eventually(async || {
            let streams = admin.get("/api/admin/streams").await.expect(200);
            (streams["items"].as_array()?.len() == 3).then_some(())
        })
        .await;
        let only = async |filter: &str| {
            let path = format!("/api/admin/streams?filter={filter}&sort=-tokens&limit=1");
            admin.get(&path).await.expect(200)
        };
        let page = only("email:bo@example.org").await;
        assert_eq!(page["items"][0]["email"], "bo@example.org");
        assert!(page["next_cursor"].is_null());
        assert!(only("-email:bo@example.org").await["next_cursor"].is_string());
        let path = format!("/api/admin/accounts/{}/end_streams", ada.id().await);
        let ended = admin.post(&path, &json!({})).await.expect(200);
        assert_eq!(ended["streams"], 2);
        let [first, second, other] = asked;
        assert!(first.await.expect("it ends").done);
        assert!(second.await.expect("it ends").done);
        let streams = admin.get("/api/admin/streams").await.expect(200);
        let left = streams["items"].as_array().expect("items");
        assert!(
            left.iter()
                .all(|stream| stream["email"] == "bo@example.org")
        );
        assert!(other.await.expect("it ends").done);
        let nobody = "/api/admin/accounts/987654/end_streams";
        admin.post(nobody, &json!({})).await.expect(404);
        house.stop().await;
    })
    .await;
}
