//! How many streams there may be, and what a reader is given of one.

use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use entities::{Nanos, UserId};
use futures_util::{FutureExt, future::join_all};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Answerer, Producer, Reader, ReaderEvent, StreamHub, StreamInfo, StreamPrice, StreamSettings,
};
use crate::platform::{clock::SystemClock, entropy::Entropy, telemetry::Telemetry};

fn hub() -> StreamHub {
    let settings = StreamSettings {
        max_concurrent: 10,
        max_per_user: 3,
        disconnect_grace: Duration::ZERO,
    };
    StreamHub::new(
        settings,
        CancellationToken::new(),
        Arc::new(SystemClock),
        Telemetry::new().unwrap(),
        None,
    )
}

/// A stream of this user, as both ends of it see it.
pub(super) async fn opened(hub: &StreamHub, user_id: UserId) -> (Producer, Reader, Uuid) {
    let id = Entropy::from_system().uuid();
    let admission = hub.admit(user_id).await.unwrap();
    let answerer = Answerer {
        provider: "offline".to_owned(),
        model: "offline".to_owned(),
    };
    let info = StreamInfo {
        id,
        user_id,
        kind: "chat",
        answerer,
        price: StreamPrice {
            held: Nanos(0),
            prompt: Nanos(0),
            output: Nanos(0),
        },
        started_at: DateTime::UNIX_EPOCH,
    };
    let (producer, reader) = hub.open(admission, info);
    (producer, reader, id)
}

#[tokio::test]
async fn a_users_places_hold_against_many_at_once() {
    let hub = hub();
    let user = UserId(1);
    let admitted = join_all((0..9).map(|_| hub.admit(user))).await;
    assert_eq!(admitted.iter().flatten().count(), 3);
    assert!(hub.admit(UserId(2)).await.is_some());
    drop(admitted);
    assert!(hub.admit(user).await.is_some());
}

#[tokio::test]
async fn a_reader_may_be_ahead_of_what_is_announced() {
    let (producer, mut reader, _id) = opened(&hub(), UserId(1)).await;
    producer.send("one ");
    // The producer on another thread, between writing and announcing.
    producer.entry.ring.lock().push(b"two");
    assert_eq!(reader.next().await, ReaderEvent::Frames("one two".into()));
    assert_eq!(reader.next().now_or_never(), None);

    producer.send("three");
    assert_eq!(reader.next().await, ReaderEvent::Frames("three".into()));
}

#[tokio::test]
async fn who_asks_for_what_nobody_can_have_read_is_told() {
    let hub = hub();
    let (producer, _reader, id) = opened(&hub, UserId(1)).await;
    producer.send("one");
    let mut reader = hub.resume(UserId(1), id, 2).await.unwrap();
    assert_eq!(reader.next().await, ReaderEvent::Lost);
    assert_eq!(reader.next().await, ReaderEvent::End);
}
