//! One feed to its end: slow readers, closed gates, stops.

use std::{sync::Arc, time::Duration};

use api::console::{ByeReason, FeedEvent, RowChange, Topic};
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Feed, Gate, Patience, Session, serve};
use crate::platform::{clock::ManualClock, telemetry::Telemetry};

/// Closes when told to; without a receiver, never.
struct TestGate(Option<oneshot::Receiver<ByeReason>>);

impl Gate for TestGate {
    fn closes(&mut self) -> BoxFuture<'_, ByeReason> {
        async move {
            match &mut self.0 {
                Some(told) => told.await.expect("the test tells"),
                None => std::future::pending().await,
            }
        }
        .boxed()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::starting_at(chrono::DateTime::UNIX_EPOCH))
}

fn feed() -> (Feed, Telemetry) {
    let telemetry = Telemetry::new().unwrap();
    let feed = Feed::new("e".to_owned(), clock(), telemetry.clone());
    (feed, telemetry)
}

fn session(feed: &Feed, gate: TestGate, stopping: &CancellationToken) -> Session<TestGate> {
    let opened = feed.open(1, Topic::ALL.to_vec(), None).unwrap();
    Session {
        reader: opened.reader,
        first: Some("first\n\n".into()),
        gate,
        clock: clock(),
        stopping: stopping.clone(),
        patience: Patience {
            sign_of_life: Duration::from_millis(20),
            stuck: Duration::from_millis(50),
        },
    }
}

fn open_gate() -> TestGate {
    TestGate(None)
}

fn publish(feed: &Feed, number: i64) {
    feed.publish(FeedEvent::Account(RowChange { id: number, rev: 1 }));
}

fn text(frame: &bytes::Bytes) -> String {
    String::from_utf8(frame.to_vec()).unwrap()
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_let_go_with_a_word() {
    let (feed, telemetry) = feed();
    let (bytes, work) = serve(session(&feed, open_gate(), &CancellationToken::new()));
    for number in 0..20_000 {
        publish(&feed, number);
    }
    work.await;
    assert_eq!(*feed.readers().borrow(), 0, "its place is free");
    let frames: Vec<String> = bytes.map(|frame| text(&frame)).collect().await;
    assert!(frames.len() <= 3, "{}", frames.len());
    assert_eq!(frames[0], "first\n\n");
    let last = frames.last().unwrap();
    assert!(last.starts_with("event: bye\n"), "{last}");
    assert!(last.contains("\"slow\""), "{last}");
    let slow = "binnacle_feed_closed_total{reason=\"slow\"} 1";
    assert!(telemetry.render().contains(slow));
}

#[tokio::test]
async fn a_silent_feed_says_that_it_lives() {
    let (feed, _) = feed();
    let (bytes, work) = serve(session(&feed, open_gate(), &CancellationToken::new()));
    let read = async {
        let mut bytes = std::pin::pin!(bytes);
        assert_eq!(text(&bytes.next().await.unwrap()), "first\n\n");
        assert!(text(&bytes.next().await.unwrap()).starts_with(": hb 1970-"));
        publish(&feed, 7);
        loop {
            let frame = text(&bytes.next().await.unwrap());
            if !frame.starts_with(':') {
                return frame;
            }
        }
    };
    let frame = tokio::select! {
        frame = read => frame,
        () = work => panic!("it ended"),
    };
    assert!(
        frame.starts_with("id: e.1\nevent: account\ndata: {"),
        "{frame}"
    );
    assert_eq!(*feed.readers().borrow(), 0, "dropped with its work");
}

#[tokio::test]
async fn a_closed_gate_and_a_stop_end_it_with_their_reason() {
    let (feed, _) = feed();
    let stopping = CancellationToken::new();
    let (close, gate) = oneshot::channel();
    let (bytes, work) = serve(session(&feed, TestGate(Some(gate)), &stopping));
    close.send(ByeReason::Forbidden).unwrap();
    let (frames, ()) = tokio::join!(bytes.collect::<Vec<_>>(), work);
    assert!(text(frames.last().unwrap()).contains("\"forbidden\""));
    let (bytes, work) = serve(session(&feed, open_gate(), &stopping));
    stopping.cancel();
    let (frames, ()) = tokio::join!(bytes.collect::<Vec<_>>(), work);
    assert!(text(frames.last().unwrap()).contains("\"shutdown\""));
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_at_once() {
    let (feed, _) = feed();
    let (bytes, work) = serve(session(&feed, open_gate(), &CancellationToken::new()));
    drop(bytes);
    work.await;
    assert_eq!(*feed.readers().borrow(), 0);
}
