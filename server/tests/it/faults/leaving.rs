//! Clients that leave in the middle of an answer.

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    House, User,
    client::{Answer, Stream, eventually},
    on_each_database,
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
const QUESTION: &str = "What must be done before a release?";

async fn reader(house: &House) -> (User, i64) {
    let user = house.user("ada").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    (user, store)
}

/// Asks, reads until there is text, and leaves. Answers the session and the stream.
async fn leave_midway(user: &User, store: i64) -> (String, String) {
    let mut answer = user
        .request(Method::POST, "/api/chat")
        .json(&json!({"storeIds": [store], "question": QUESTION}))
        .send()
        .await
        .expect("an answer");
    let header = |name: &str| {
        let value = answer.headers().get(name).expect("a header");
        value.to_str().expect("text").to_owned()
    };
    let names = (header("x-session-id"), header("x-stream-id"));
    let mut read = String::new();
    while !read.contains("text-delta") {
        let chunk = answer.chunk().await.expect("a frame").expect("more frames");
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    names
}

/// The stored answer, once it is no longer being written.
async fn ended_answer(user: &User, session: &str) -> Value {
    let path = format!("/api/chat/sessions/{session}/messages");
    eventually(|| async {
        let messages = user.get(&path).await.expect(200);
        let answer = messages[1].clone();
        (answer["state"] != "streaming").then_some(answer)
    })
    .await
}

async fn costs(user: &User) -> Value {
    user.get("/api/costs/summary").await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_the_answer_ends_at_once_and_costs_what_was_written() {
    on_each_database(|database| async move {
        let house = House::open(
            &database,
            &[
                ("STREAM_DISCONNECT_GRACE_SECS", "0"),
                ("MOCK_LATENCY_MS", "150"),
            ],
        )
        .await;
        let (user, store) = reader(&house).await;
        let whole = user.ask(store, QUESTION).await;
        let whole_cost = costs(&user).await["query_cost_usd"]
            .as_f64()
            .expect("a cost");

        let (session, _) = leave_midway(&user, store).await;

        let answer = ended_answer(&user, &session).await;
        assert_eq!(answer["state"], "cut");
        let text = answer["content"].as_str().expect("text");
        assert!(!text.is_empty() && text.len() < whole.text().len());
        let summary = costs(&user).await;
        let both = summary["query_cost_usd"].as_f64().expect("a cost");
        let cut_cost = answer["cost_usd"].as_f64().expect("a cost");
        assert!((both - whole_cost - cut_cost).abs() < 1e-12, "billed once");
        assert!(cut_cost > 0.0 && cut_cost < whole_cost, "{cut_cost}");
        assert_eq!(summary["held_usd"], 0.0);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_grace_the_answer_is_finished_and_can_be_read_again() {
    on_each_database(|database| async move {
        let settings = [("MOCK_LATENCY_MS", "50")];
        let house = House::open(&database, &settings).await;
        let (user, store) = reader(&house).await;

        let (session, stream) = leave_midway(&user, store).await;
        let path = format!("/api/chat/streams/{stream}");
        let resumed = user.get(&path).await;
        assert_eq!(resumed.status, 200, "{}", resumed.body);
        let (numbers, resumed) = (numbers(&resumed), Stream::parse(&resumed));

        assert!(resumed.done && resumed.error().is_none());
        let answer = ended_answer(&user, &session).await;
        assert_eq!(answer["state"], "complete");
        assert_eq!(answer["content"], resumed.text(), "stored whole");
        let last = numbers.last().copied().expect("numbered frames");
        assert_eq!(numbers, (1..=last).collect::<Vec<u64>>(), "none is missing");
        let middle = last / 2;
        let rest = user
            .send(
                user.request(Method::GET, &path)
                    .header("last-event-id", middle.to_string()),
            )
            .await;
        let expected: Vec<u64> = (middle + 1..=last).collect();
        assert_eq!(self::numbers(&rest), expected, "continues where it stopped");
        let summary = costs(&user).await;
        assert_eq!(summary["query_cost_usd"], answer["cost_usd"], "billed once");
        assert_eq!(summary["held_usd"], 0.0);
        let other = house.user("bob").await;
        assert_eq!(other.get(&path).await.status, 404, "somebody else's");
        house.stop().await;
    })
    .await;
}

/// The numbers of the frames.
fn numbers(answer: &Answer) -> Vec<u64> {
    let lines = answer.body.lines();
    let numbers = lines.filter_map(|line| line.strip_prefix("id: "));
    numbers
        .map(|number| number.parse().expect("a number"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_that_leave_give_every_slot_back() {
    on_each_database(|database| async move {
        let house = House::open(
            &database,
            &[
                ("STREAM_DISCONNECT_GRACE_SECS", "0"),
                ("MOCK_LATENCY_MS", "60"),
                ("MAX_CONCURRENT_STREAMS", "10"),
            ],
        )
        .await;
        let (user, store) = reader(&house).await;
        for _ in 0..5 {
            let leaving = (0..10).map(|_| leave_midway(&user, store));
            let left = join_all(leaving).await;
            for (session, _) in left {
                let answer = ended_answer(&user, &session).await;
                assert_eq!(answer["state"], "cut");
            }
        }
        let stranger = house.stranger();
        eventually(|| async {
            let metrics = stranger.get("/metrics").await;
            let line = metrics
                .body
                .lines()
                .find(|line| line.contains("streams_active{"))?;
            line.ends_with(" 0").then_some(())
        })
        .await;
        let again = user.ask(store, QUESTION).await;
        assert!(again.done && again.error().is_none());
        assert_eq!(costs(&user).await["held_usd"], 0.0);
        house.stop().await;
    })
    .await;
}
