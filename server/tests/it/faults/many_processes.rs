//! Several processes on one PostgreSQL and one Redis are one house.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use super::program::{Program, Site};
use crate::support::{Database, User, client::eventually, redis::Redis};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

/// Two processes that serve, and a user of theirs as each sees them.
async fn two(settings: &[(&str, &str)]) -> (Redis, Site, [Program; 2], [User; 2], i64) {
    let redis = Redis::start(&[]).await;
    let url = redis.url();
    let database = Arc::new(Database::postgres().await);
    let mut all = vec![("REDIS_URL", url.as_str())];
    all.extend_from_slice(settings);
    let site = Site::new(database, &all);
    let first = site.serve(&[]).await;
    let second = site.serve(&[]).await;
    let here = User::register(first.base.clone(), "ada@example.org").await;
    let store = here.store("Papers").await;
    let file = CHECKLIST.to_vec();
    here.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    let there = User {
        base: second.base.clone(),
        ..here.clone()
    };
    (redis, site, [first, second], [here, there], store)
}

/// Asks, and answers the stream's id after its first delta.
pub async fn begin(user: &User, store: i64) -> (reqwest::Response, String) {
    let mut stream = user
        .request(Method::POST, "/api/chat")
        .header("x-stream-resume", "1")
        .json(&json!({"storeIds": [store], "question": "What must be done before a release?"}))
        .send()
        .await
        .expect("an answer");
    assert_eq!(stream.status(), 200);
    let id = stream.headers()["x-stream-id"].to_str().expect("an id");
    let id = id.to_owned();
    let mut read = String::new();
    while !read.contains("text-delta") {
        let chunk = stream.chunk().await.expect("a frame").expect("a frame");
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    (stream, id)
}

fn path(id: &str) -> String {
    format!("/api/chat/streams/{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_read_on_through_the_other_process() {
    let (_redis, site, _servers, [here, there], store) = two(&[("MOCK_LATENCY_MS", "300")]).await;
    let (stream, id) = begin(&here, store).await;
    drop(stream);
    let elsewhere = eventually(|| async {
        let request = there.request(Method::GET, &path(&id));
        let answer = request.send().await.expect("an answer").text().await;
        let text = answer.expect("a whole stream");
        (!text.contains("stream_lost")).then_some(text)
    })
    .await;
    let whole = here.get(&path(&id)).await;
    assert_eq!(elsewhere, whole.body);
    assert!(whole.body.contains("\"finish\""), "{}", whole.body);
    assert!(whole.body.ends_with("data: [DONE]\n\n"), "{}", whole.body);
    let costs = here.get("/api/costs/summary").await.expect(200);
    assert_eq!(costs["held_usd"], 0.0);

    // Stopped through the other process, it ends before it is whole.
    let (mut stream, id) = begin(&here, store).await;
    assert_eq!(there.delete(&path(&id)).await.status, 204);
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.expect("a stream") {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
    let state = site.state().await;
    let cut = "SELECT COUNT(*) FROM messages WHERE state = 'cut'";
    assert_eq!(state.number(cut).await, 1, "{rest}");
    state.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_across_processes_and_in_each_when_redis_is_gone() {
    let limit = [("RATE_LIMIT_PER_MINUTE", "120")];
    let (mut redis, _site, _servers, [here, there], _store) = two(&limit).await;
    let begun = Instant::now();
    let first = there.get("/api/auth/me").await;
    let left = first.header("x-ratelimit-remaining").expect("a number");
    let left: u64 = left.parse().expect("a number");
    assert!(left < 119, "what the other process admitted counts: {left}");
    let mut admitted = 0;
    for number in 0..240 {
        let user = [&here, &there][number % 2];
        admitted += u64::from(user.get("/api/auth/me").await.status == 200);
    }
    // Two cells a second come back.
    let most = left + 2 * (begun.elapsed().as_secs() + 1);
    assert!(
        (left..=most).contains(&admitted),
        "{admitted}, {left} to {most}"
    );

    // Frozen: nobody waits for it, and each process counts alone.
    redis.signal(Signal::SIGSTOP);
    let begun = Instant::now();
    assert_eq!(here.get("/api/auth/me").await.status, 200);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    let refused = async |user: &User| {
        let mut statuses = Vec::new();
        for _ in 0..200 {
            statuses.push(user.get("/api/auth/me").await.status);
        }
        statuses.contains(&429)
    };
    assert!(refused(&here).await, "the limit holds without Redis");
    let metrics = User::anonymous(here.base.clone()).get("/metrics").await;
    let degraded = "binnacle_ratelimit_backend_degraded 1";
    assert!(metrics.body.contains(degraded), "{}", metrics.body);
    redis.kill().await;
    assert!(refused(&there).await, "nor does a dead one lift it");
}

/// The names of what is kept of streams.
async fn streams(redis: &Redis) -> Vec<String> {
    let client = ::redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await;
    let connection = connection.as_mut().expect("a connection");
    let mut keys = ::redis::cmd("KEYS");
    let found = keys.arg("binnacle:stream:*").query_async(connection).await;
    found.expect("keys")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_user_is_left_in_redis() {
    let settings = [("MOCK_LATENCY_MS", "300")];
    let (redis, site, _servers, [here, there], store) = two(&settings).await;
    there.ask(store, "What is written down?").await;
    let (mut stream, id) = begin(&here, store).await;
    eventually(|| async { (streams(&redis).await.len() >= 2).then_some(()) }).await;

    let erased = site.run(&["erase", "ada@example.org", "--yes", "--json"], &[]);
    let erased = erased.await;

    assert!(erased.status.success(), "{erased:?}");
    let receipt: serde_json::Value = serde_json::from_slice(&erased.stdout).expect("JSON");
    assert_eq!(receipt["remaining"], json!({}), "{id}");
    assert_eq!(streams(&redis).await, [""; 0]);
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.expect("a stream") {
        rest.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(rest.contains("session_revoked"), "{rest}");
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_waits_for_redis_and_is_finished_when_it_answers() {
    let (redis, site, _servers, [here, there], store) = two(&[]).await;
    there.ask(store, "What is written down?").await;
    eventually(|| async { (!streams(&redis).await.is_empty()).then_some(()) }).await;
    let id = here.id().await;
    let state = site.state().await;

    redis.signal(Signal::SIGSTOP);
    let given_up = site.run(&["erase", "ada@example.org", "--yes"], &[]).await;
    assert!(!given_up.status.success(), "{given_up:?}");
    let said = String::from_utf8_lossy(&given_up.stderr).into_owned();
    assert!(said.contains("Redis"), "{said}");
    let receipts = format!("SELECT COUNT(*) FROM erasure_receipts WHERE user_id = {id}");
    assert_eq!(state.number(&receipts).await, 0);
    let stands_by = "SELECT COUNT(*) FROM jobs WHERE kind = 'erase_user' AND finished_at IS NULL";
    assert_eq!(state.number(stands_by).await, 1, "it is not forgotten");

    redis.signal(Signal::SIGCONT);
    state
        .execute("UPDATE jobs SET run_at = created_at WHERE kind = 'erase_user'")
        .await;
    eventually(|| async { (state.number(&receipts).await == 1).then_some(()) }).await;
    assert_eq!(streams(&redis).await, [""; 0]);
    state.close().await;
}
