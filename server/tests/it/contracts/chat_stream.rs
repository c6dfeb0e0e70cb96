//! The event stream as it stands on the wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Live, Reader, frames, parsed};
use crate::support::{House, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_frames_are_those_of_the_contract() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let reader = Reader::new(&house, "ada").await;

        let answer = reader.ask(&reader.question(), &[]).await;

        for (name, value) in [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-cache, no-transform"),
            ("x-vercel-ai-ui-message-stream", "v1"),
            ("x-accel-buffering", "no"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        for name in ["x-session-id", "x-stream-id"] {
            let id = answer.header(name).expect(name);
            assert!(uuid::Uuid::parse_str(id).is_ok(), "{name}: {id}");
        }
        assert_frames(&answer.body, reader.document);
        house.stop().await;
    })
    .await;
}

/// Checks each frame of a whole answer byte by byte, but for the ids that it makes up.
fn assert_frames(body: &str, document: i64) {
    let frames = frames(body);
    let json = |index: usize| -> Value {
        let data = frames[index].strip_prefix("data: ").expect("a data line");
        serde_json::from_str(data).expect("JSON")
    };
    assert!(frames.iter().all(|frame| frame.lines().count() == 1));
    let message = json(0)["messageId"].as_str().expect("an id").to_owned();
    let text = json(1)["id"].as_str().expect("an id").to_owned();
    for id in [&message, &text] {
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
    }
    assert_eq!(json(0), json!({"type": "start", "messageId": message}));
    assert_eq!(json(1), json!({"type": "text-start", "id": text}));
    let deltas = frames
        .iter()
        .filter(|frame| frame.contains("\"type\":\"text-delta\""))
        .count();
    assert!(deltas > 5, "{body}");
    for (index, frame) in frames.iter().enumerate().take(2 + deltas).skip(2) {
        let delta = json(index)["delta"].as_str().expect("text").to_owned();
        let delta = serde_json::to_string(&delta).expect("JSON");
        let exact =
            format!("data: {{\"type\":\"text-delta\",\"id\":\"{text}\",\"delta\":{delta}}}");
        assert_eq!(*frame, exact);
    }
    let end = 2 + deltas;
    assert_eq!(json(end), json!({"type": "text-end", "id": text}));
    let source = json(end + 1);
    let members: Vec<&String> = source.as_object().expect("an object").keys().collect();
    assert_eq!(members.len(), 7, "{source}");
    assert_eq!(source["type"], "source-document");
    assert_eq!(source["sourceId"], "cit-1");
    assert_eq!(source["mediaType"], "file");
    assert_eq!(source["title"], "lamp.txt");
    assert_eq!(source["documentId"], document);
    assert_eq!(source["page"], Value::Null);
    assert!(
        source["snippet"]
            .as_str()
            .is_some_and(|text| text.contains("sunset"))
    );
    let finish = json(end + 2);
    assert_eq!(finish["type"], "finish");
    assert_eq!(finish["finishReason"], "stop");
    assert!(
        finish["promptTokens"]
            .as_u64()
            .is_some_and(|tokens| tokens > 0)
    );
    assert_eq!(finish["promptTokens"], finish["usage"]["prompt_tokens"]);
    assert_eq!(
        finish["completionTokens"],
        finish["usage"]["completion_tokens"]
    );
    assert!(finish["usage"]["model"].is_string());
    assert_eq!(frames[end + 3], "data: [DONE]");
    assert_eq!(frames.len(), end + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_sdk_is_sent_only_members_that_it_knows() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let reader = Reader::new(&house, "ada").await;
        let answer = reader
            .ask(&reader.question(), &[("x-stream-profile", "ai-sdk")])
            .await;
        let allowed = |kind: &str| -> &[&str] {
            match kind {
                "start" => &["type", "messageId", "messageMetadata"],
                "text-start" | "text-end" => &["type", "id", "providerMetadata"],
                "text-delta" => &["type", "id", "delta", "providerMetadata"],
                "source-document" => &[
                    "type",
                    "sourceId",
                    "mediaType",
                    "title",
                    "filename",
                    "providerMetadata",
                ],
                "finish" => &["type", "finishReason", "messageMetadata"],
                _ => &[],
            }
        };
        let stream = parsed(&answer);
        assert!(stream.done);
        for frame in &stream.frames {
            let members = frame.as_object().expect("an object");
            let kind = members["type"].as_str().expect("a type");
            for member in members.keys() {
                assert!(allowed(kind).contains(&member.as_str()), "{frame}");
            }
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deltas_come_as_they_are_written() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MOCK_LATENCY_MS", "60")]).await;
        let reader = Reader::new(&house, "ada").await;
        let begun = Instant::now();
        let mut live = reader.begin(&reader.question(), &[]).await;
        let first = live.until("text-delta").await.len();
        let until_first = begun.elapsed();
        let whole = live.rest().await;
        let until_last = begun.elapsed();
        let deltas = u32::try_from(whole.matches("text-delta").count()).expect("few");
        assert!(first < whole.len() / 2, "{first} of {}", whole.len());
        let written = Duration::from_millis(60) * (deltas - 4);
        assert!(
            until_last.saturating_sub(until_first) > written / 2,
            "{deltas} deltas, the first after {until_first:?}, the last after {until_last:?}"
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_broken_by_comments() {
    on_each_database(|database| async move {
        let settings = [("STREAM_KEEPALIVE_SECS", "1"), ("MOCK_LATENCY_MS", "2300")];
        let house = House::open(&database, &settings).await;
        let reader = Reader::new(&house, "ada").await;
        let mut live = reader.begin(&reader.question(), &[]).await;
        let so_far = live.until(": keepalive 2\n\n").await;
        assert!(so_far.contains(": keepalive 1\n\n"), "{so_far}");
        assert!(!so_far.contains("text-delta"), "{so_far}");
        stop(&reader, &live).await;
        assert!(live.rest().await.ends_with("data: [DONE]\n\n"));
        house.stop().await;
    })
    .await;
}

async fn stop(reader: &Reader, live: &Live) {
    let path = format!("/api/chat/streams/{}", live.header("x-stream-id"));
    reader.user.delete(&path).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_says_so_before_the_start_and_takes_no_money() {
    on_each_database(|database| async move {
        let settings = [
            ("MAX_CONCURRENT_STREAMS", "1"),
            ("MOCK_LATENCY_MS", "20000"),
        ];
        let house = House::open(&database, &settings).await;
        let (first, second) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        let mut live = first.begin(&first.question(), &[]).await;
        live.until("\"start\"").await;

        let begun = Instant::now();
        let refused = second.ask(&second.question(), &[]).await;

        assert!(begun.elapsed() > Duration::from_millis(1_900));
        assert_eq!(refused.status, 200);
        let stream = parsed(&refused);
        assert_eq!(stream.types(), ["error"]);
        assert!(stream.done);
        let error = stream.error().expect("an error");
        assert_eq!(error["code"], "stream_capacity_exceeded");
        assert_eq!(error["status"], 503);
        assert_eq!(error["retryAfterMs"], 500);
        assert_eq!(error["errorText"], error["message"]);
        let sessions = second.user.get("/api/chat/sessions").await.expect(200);
        assert_eq!(sessions, json!([]));
        let costs = second.user.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["query_cost_usd"], 0.0);
        assert_eq!(costs["held_usd"], 0.0);

        stop(&first, &live).await;
        live.rest().await;
        let mut admitted = second.begin(&second.question(), &[]).await;
        admitted.until("\"start\"").await;
        stop(&second, &admitted).await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_cannot_take_every_slot() {
    on_each_database(|database| async move {
        let settings = [("MAX_STREAMS_PER_USER", "1"), ("MOCK_LATENCY_MS", "20000")];
        let house = House::open(&database, &settings).await;
        let (ada, bob) = (
            Reader::new(&house, "ada").await,
            Reader::new(&house, "bob").await,
        );
        let mut live = ada.begin(&ada.question(), &[]).await;
        live.until("\"start\"").await;
        let refused = parsed(&ada.ask(&ada.question(), &[]).await);
        assert_eq!(refused.types(), ["error"]);
        let mut other = bob.begin(&bob.question(), &[]).await;
        other.until("\"start\"").await;
        stop(&ada, &live).await;
        stop(&bob, &other).await;
        house.stop().await;
    })
    .await;
}

/// Ten cents for a token of output, next to nothing for the rest.
const DEAR: &str = r#"{"default":{"input_price":0.001,"output_price":100000,"index_price":0.001}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn money_for_the_shortest_answer_admits_and_less_does_not() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MODEL_PRICING", DEAR)]).await;
        let reader = Reader::new(&house, "ada").await;
        let admin = house.admin().await;
        let budget = format!("/api/admin/budgets/{}", reader.user.id().await);
        let limit = async |dollars: f64| {
            let limit = json!({"monthly_limit_usd": dollars});
            admin.post(&budget, &limit).await.expect(200);
        };

        // The shortest answer that is worth beginning has 256 tokens.
        limit(25.5).await;
        let refused = reader.ask(&reader.question(), &[]).await;
        assert_eq!(refused.refused(402), "Monthly budget exhausted");
        limit(25.7).await;
        let answered = parsed(&reader.ask(&reader.question(), &[]).await);

        assert!(answered.done && answered.error().is_none());
        let costs = reader.user.get("/api/costs/summary").await.expect(200);
        let spent = costs["total_usd"].as_f64().expect("dollars");
        assert!(spent > 1.0 && spent < 25.7, "{spent}");
        assert_eq!(costs["held_usd"], 0.0);
        house.stop().await;
    })
    .await;
}
