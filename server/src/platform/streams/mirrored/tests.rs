//! A stream read through another process, which is here another hub on the same Redis.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use bytes::Bytes;
use entities::UserId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{SharedFrames, erase_ended, frames_of};
use crate::platform::{
    clock::SystemClock,
    entropy::Entropy,
    redis::{Redis, testing},
    streams::{
        AnyReader, EndReason, Producer, ReaderEvent, StreamHub, StreamSettings, tests::opened,
    },
    tasks::Tasks,
    telemetry::Telemetry,
};

const OWNER: UserId = UserId(7);

fn process(tasks: &Tasks, grace: Duration) -> StreamHub {
    let (shared, mirror) = SharedFrames::through(testing::redis());
    tasks.spawn("mirror", mirror.run(tasks.stopping().clone()));
    StreamHub::new(
        StreamSettings {
            max_concurrent: 8,
            max_per_user: 8,
            disconnect_grace: grace,
        },
        CancellationToken::new(),
        Arc::new(SystemClock),
        Telemetry::new().unwrap(),
        Some(shared),
    )
}

async fn open(hub: &StreamHub) -> (Producer, Uuid) {
    open_of(hub, OWNER).await
}

async fn open_of(hub: &StreamHub, user_id: UserId) -> (Producer, Uuid) {
    let (producer, _reader, id) = opened(hub, user_id).await;
    (producer, id)
}

/// Waits until the stream lies in Redis.
async fn found(hub: &StreamHub, id: Uuid, last_seen: u64) -> AnyReader {
    loop {
        if let Some(reader) = hub.resume(OWNER, id, last_seen).await {
            return reader;
        }
        tokio::task::yield_now().await;
    }
}

fn frame(number: u64) -> Bytes {
    Bytes::from(format!("data: {number}\n\n"))
}

/// Reads until these frames have come, in whatever pieces.
async fn reads(reader: &mut AnyReader, numbers: RangeInclusive<u64>) {
    let expected: Vec<u8> = numbers.flat_map(frame).collect();
    let mut read = Vec::new();
    while read.len() < expected.len() {
        match reader.next().await {
            ReaderEvent::Frames(frames) => read.extend_from_slice(&frames),
            other => panic!("{other:?} after {}", String::from_utf8_lossy(&read)),
        }
    }
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_reader_comes_back_through_another_process() {
    let tasks = Tasks::default();
    let (here, there) = (
        process(&tasks, Duration::from_mins(1)),
        process(&tasks, Duration::from_mins(1)),
    );
    let (producer, id) = open(&here).await;
    for number in 1..=40 {
        producer.send(frame(number));
    }
    let mut reader = found(&there, id, 10).await;
    assert!(matches!(reader, AnyReader::Elsewhere(_)));
    reads(&mut reader, 11..=40).await;
    producer.send(frame(41));
    producer.finish(EndReason::Done);
    reads(&mut reader, 41..=41).await;
    assert_eq!(reader.next().await, ReaderEvent::End);
    // It can be read again for a while, from its beginning, by its owner alone.
    let mut again = found(&there, id, 0).await;
    reads(&mut again, 1..=41).await;
    assert_eq!(again.next().await, ReaderEvent::End);
    assert!(there.resume(UserId(8), id, 0).await.is_none());
    assert!(
        there
            .resume(OWNER, Entropy::from_system().uuid(), 0)
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_reader_elsewhere_keeps_a_stream_from_ending_as_abandoned() {
    let tasks = Tasks::default();
    let (here, there) = (
        process(&tasks, Duration::from_secs(4)),
        process(&tasks, Duration::from_secs(4)),
    );
    let (producer, id) = open(&here).await;
    producer.send(frame(1));
    let mut reader = found(&there, id, 0).await;
    reads(&mut reader, 1..=1).await;
    let follow = async {
        reads(&mut reader, 2..=2).await;
        drop(reader);
    };
    // While it is followed it does not end; when its follower is gone it does.
    let write = async {
        let patience = tokio::time::timeout(Duration::from_secs(6), producer.ended_early());
        assert!(patience.await.is_err(), "it was followed");
        producer.send(frame(2));
        assert_eq!(producer.ended_early().await, EndReason::Client);
    };
    tokio::join!(follow, write);
}

#[tokio::test]
async fn frames_that_redis_lost_are_told_as_lost() {
    let tasks = Tasks::default();
    let (here, there) = (
        process(&tasks, Duration::from_mins(1)),
        process(&tasks, Duration::from_mins(1)),
    );
    let (producer, id) = open(&here).await;
    producer.send(frame(1));
    let mut early = found(&there, id, 0).await;
    let mut late = found(&there, id, 0).await;
    reads(&mut early, 1..=1).await;
    let key = testing::redis().key(&format!("stream:{}:{id}", OWNER.0));
    let _: () = testing::redis()
        .ask(|mut connection| async move {
            redis::cmd("DEL")
                .arg(key)
                .query_async(&mut connection)
                .await
        })
        .await
        .unwrap();
    producer.send(frame(2));
    // What is left is whole for one, and must not be passed off as that to the other.
    let mut after = found(&there, id, 1).await;
    reads(&mut after, 2..=2).await;
    assert_eq!(late.next().await, ReaderEvent::Lost);
    assert_eq!(late.next().await, ReaderEvent::End);
}

/// Waits until so many streams of this user lie in Redis.
async fn lie_there(user: UserId, count: usize) {
    within_a_minute(async {
        while frames_of(&testing::redis(), user).await.unwrap().len() != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until an ended stream of this user is erased from Redis.
async fn erased_one(redis: &Redis, user: UserId) {
    within_a_minute(async {
        while erase_ended(redis, user).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn within_a_minute(happens: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_mins(1), happens)
        .await
        .expect("it did not happen within a minute");
}

#[tokio::test]
async fn an_erased_user_leaves_no_frames() {
    let tasks = Tasks::default();
    let hub = process(&tasks, Duration::from_mins(1));
    let number = i64::from(std::process::id());
    let (erased, other) = (UserId(1_000_000 + number), UserId(9_000_000 + number));
    let (ended, _) = open_of(&hub, erased).await;
    let (under_way, id) = open_of(&hub, erased).await;
    let (of_other, _) = open_of(&hub, other).await;
    for producer in [&ended, &under_way, &of_other] {
        producer.send(frame(1));
    }
    ended.finish(EndReason::Done);
    of_other.finish(EndReason::Done);
    lie_there(erased, 2).await;
    lie_there(other, 1).await;
    let redis = testing::redis();

    // One that is being written would come back: it ends first.
    erased_one(&redis, erased).await;
    lie_there(erased, 1).await;
    hub.stop_user(erased, EndReason::Revoked);
    under_way.finish(EndReason::Revoked);
    erased_one(&redis, erased).await;
    lie_there(erased, 0).await;
    lie_there(other, 1).await;
    // Nor is it known in the process itself.
    hub.stop_user(erased, EndReason::Revoked);
    assert!(hub.resume(erased, id, 0).await.is_none());
    assert_eq!(erase_ended(&redis, other).await.unwrap(), 1);
}
