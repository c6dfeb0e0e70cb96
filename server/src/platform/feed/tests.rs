use std::sync::Arc;

use api::console::{
    Alarm, AlarmChange, FeedEvent, RowChange, Severity, Stream, StreamState, StreamsChange, Topic,
};

use super::{
    Feed, FeedFull,
    inbox::{MAX_KEYED, MAX_OTHERS},
};
use crate::platform::{clock::ManualClock, telemetry::Telemetry};

fn feed() -> Feed {
    feed_at(&ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH))
}

fn feed_at(clock: &ManualClock) -> Feed {
    let telemetry = Telemetry::new().unwrap();
    Feed::new("e1".to_owned(), Arc::new(clock.clone()), telemetry)
}

fn account(id: i64, rev: i64) -> FeedEvent {
    FeedEvent::Account(RowChange { id, rev })
}

fn alarm(id: usize) -> FeedEvent {
    FeedEvent::Alarm(AlarmChange {
        set: Some(Alarm {
            id: format!("a{id}"),
            severity: Severity::Warn,
            code: "code".to_owned(),
            object: None,
            value: None,
            since_at: chrono::DateTime::UNIX_EPOCH,
            text: "text".to_owned(),
        }),
        clear: None,
    })
}

fn streams(upsert: &[(&str, i64)], remove: &[&str]) -> FeedEvent {
    let stream = |&(id, tokens): &(&str, i64)| Stream {
        id: id.to_owned(),
        user_id: 1,
        email: "a@b.c".to_owned(),
        kind: "chat".to_owned(),
        provider: None,
        model: None,
        state: StreamState::Streaming,
        started_at: chrono::DateTime::UNIX_EPOCH,
        first_token_ms: None,
        tokens_out: tokens,
        tokens_per_s: 0.0,
        series: Vec::new(),
        cost_nanos: 0,
        held_nanos: 0,
        buffer_bytes: 0,
        process: "p".to_owned(),
    };
    FeedEvent::Streams(StreamsChange {
        upsert: upsert.iter().map(stream).collect(),
        remove: remove.iter().map(|id| (*id).to_owned()).collect(),
    })
}

/// Id, event and data of a frame.
fn parts(frame: &[u8]) -> (Option<String>, String, serde_json::Value) {
    let text = std::str::from_utf8(frame).unwrap();
    let field = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(name).map(str::to_owned))
    };
    let data = serde_json::from_str(&field("data: ").unwrap()).unwrap();
    (field("id: "), field("event: ").unwrap(), data)
}

const ALL: &[Topic] = Topic::ALL;

#[tokio::test]
async fn events_come_in_order_with_their_numbers_and_only_those_asked_for() {
    let feed = feed();
    let mut reader = feed.open(1, vec![Topic::Accounts], None).unwrap().reader;
    feed.publish(account(7, 1));
    feed.publish(alarm(1));
    feed.publish(account(8, 1));
    let (first, second) = (reader.next().await, reader.next().await);
    assert_eq!(parts(&first).0.as_deref(), Some("e1.1"));
    assert_eq!(parts(&second).0.as_deref(), Some("e1.3"));
    assert_eq!(parts(&second).2["id"], 8);
    assert_eq!(reader.waiting(), 0);
}

#[tokio::test]
async fn who_comes_back_gets_what_followed_and_nothing_twice() {
    let feed = feed();
    let opened = feed.open(1, ALL.to_vec(), None).unwrap();
    assert_eq!(opened.snapshot, Some(0));
    let mut reader = opened.reader;
    feed.publish(account(1, 1));
    let seen = parts(&reader.next().await).0.unwrap();
    drop(reader);
    for rev in 2..5 {
        feed.publish(account(1, rev));
    }
    let opened = feed.open(1, ALL.to_vec(), Some(&seen)).unwrap();
    assert_eq!(opened.snapshot, None);
    let mut reader = opened.reader;
    feed.publish(account(1, 5));
    for rev in 2..=5 {
        assert_eq!(parts(&reader.next().await).2["rev"], rev);
    }
}

#[tokio::test]
async fn a_gap_is_never_silent() {
    let feed = feed();
    let resumed = |id: &str| {
        let opened = feed.open(1, ALL.to_vec(), Some(id)).unwrap();
        opened.snapshot.is_none()
    };
    feed.publish(account(1, 1));
    assert!(resumed("e1.1"));
    assert!(!resumed("e2.1"), "another run");
    assert!(!resumed("e1.9"), "never given out");
    assert!(!resumed("nonsense"));
    feed.pause();
    assert!(!resumed("e1.1"), "published nothing for a while");
    feed.publish(account(1, 2));
    assert!(!resumed("e1.1"));
    for number in 0..3_000 {
        feed.publish(account(number, 1));
    }
    assert!(!resumed("e1.3"), "fell out of the ring");
}

#[test]
fn the_ring_is_bounded_in_number_bytes_and_age() {
    let clock = ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH);
    let feed = feed_at(&clock);
    for number in 0..10_000 {
        feed.publish(alarm(number));
    }
    let (items, bytes) = feed.kept();
    assert!(items <= 2_048 && bytes <= 1024 * 1024, "{items} {bytes}");
    clock.advance(chrono::TimeDelta::seconds(301));
    feed.publish(alarm(0));
    assert_eq!(feed.kept().0, 1);
}

#[tokio::test]
async fn a_slow_reader_gets_the_newest_state_and_is_told_what_it_lost() {
    let feed = feed();
    let mut reader = feed.open(1, ALL.to_vec(), None).unwrap().reader;
    for number in 0..60_000_usize {
        feed.publish(account(i64::try_from(number % 50).unwrap(), 1));
        feed.publish(alarm(number));
    }
    assert_eq!(reader.waiting(), MAX_OTHERS + 50);
    let (id, name, data) = parts(&reader.next().await);
    assert_eq!((id, name.as_str()), (None, "lost"));
    assert_eq!(data["topic"], "alarms");
    assert_eq!(data["count"], 60_000 - MAX_OTHERS);
    let mut last = 0_u64;
    for _ in 0..MAX_OTHERS + 50 {
        let id = parts(&reader.next().await).0.unwrap();
        let number = id.strip_prefix("e1.").unwrap().parse().unwrap();
        assert!(number > last, "in order");
        last = number;
    }
    assert_eq!(last, 120_000);
}

#[tokio::test]
async fn states_of_too_many_things_are_lost_as_well() {
    let feed = feed();
    let mut reader = feed.open(1, ALL.to_vec(), None).unwrap().reader;
    let things = i64::try_from(MAX_KEYED).unwrap() + 5;
    for id in 0..things {
        feed.publish(account(id, 1));
    }
    assert_eq!(reader.waiting(), MAX_KEYED);
    let (_, name, data) = parts(&reader.next().await);
    assert_eq!((name.as_str(), &data["count"]), ("lost", &5.into()));
    assert_eq!(parts(&reader.next().await).2["id"], 5);
}

#[tokio::test]
async fn streams_that_wait_are_merged_by_id() {
    let feed = feed();
    let mut reader = feed.open(1, ALL.to_vec(), None).unwrap().reader;
    feed.publish(streams(&[("a", 1), ("b", 1)], &["x"]));
    feed.publish(streams(&[("a", 2), ("c", 1)], &["b"]));
    feed.publish(streams(&[("x", 9)], &[]));
    let (id, _, data) = parts(&reader.next().await);
    assert_eq!(id.as_deref(), Some("e1.3"));
    let upsert: Vec<(&str, i64)> = data["upsert"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stream| {
            let tokens = stream["tokens_out"].as_i64().unwrap();
            (stream["id"].as_str().unwrap(), tokens)
        })
        .collect();
    assert_eq!(upsert, [("a", 2), ("c", 1), ("x", 9)]);
    assert_eq!(data["remove"], serde_json::json!(["b"]));
    assert_eq!(reader.waiting(), 0);
}

#[tokio::test]
async fn readers_are_limited_by_principal_and_in_all() {
    let feed = feed();
    let mut readers = Vec::new();
    for principal in 0..4 {
        for _ in 0..8 {
            readers.push(feed.open(principal, ALL.to_vec(), None).unwrap());
        }
        assert_eq!(
            feed.open(principal, ALL.to_vec(), None).err(),
            Some(FeedFull)
        );
    }
    assert_eq!(feed.open(9, ALL.to_vec(), None).err(), Some(FeedFull));
    assert_eq!(*feed.readers().borrow(), 32);
    readers.pop();
    assert!(feed.open(9, ALL.to_vec(), None).is_ok());
}

#[tokio::test]
async fn what_was_missed_is_told_and_cannot_be_resumed_over() {
    let feed = feed();
    let mut reader = feed.open(1, ALL.to_vec(), None).unwrap().reader;
    feed.publish(account(1, 1));
    feed.missed(&[Topic::Jobs], 3);
    let (_, name, data) = parts(&reader.next().await);
    assert_eq!((name.as_str(), &data["topic"]), ("lost", &"jobs".into()));
    assert_eq!(parts(&reader.next().await).0.as_deref(), Some("e1.1"));
    let again = feed.open(1, ALL.to_vec(), Some("e1.1")).unwrap();
    assert!(again.snapshot.is_some());
}
