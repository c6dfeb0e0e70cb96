//! Event streams over the real loop.

use std::time::{Duration, Instant};

use pretty_assertions::assert_eq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{answer::Answer, support::TestServer};

const ASK: &[u8] = b"GET /api/stream HTTP/1.1\r\nHost: t\r\n\r\n";

#[tokio::test]
async fn a_quiet_stream_is_dropped_as_soon_as_its_client_leaves() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    stream.write_all(ASK).await.unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"data: {}\n\n\r\n") {
        stream.read_buf(&mut received).await.unwrap();
    }
    let answer = Answer::parse(&received);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(
        answer.header("cache-control"),
        Some("no-cache, no-transform")
    );
    assert_eq!(answer.header("connection"), Some("keep-alive"));
    assert_eq!(server.seen.in_flight.lock()["GET"], 1);
    let left = Instant::now();
    drop(stream);
    assert_eq!(server.dropped.lock().await.recv().await, Some("stream"));
    assert!(
        left.elapsed() < Duration::from_secs(1),
        "{:?}",
        left.elapsed()
    );
    server
        .seen
        .until(|seen| seen.finished.lock().len() == 1)
        .await;
    assert_eq!(server.seen.in_flight.lock()["GET"], 0);
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_drops_what_does_not_end() {
    let server = TestServer::start().await;
    let mut idle = server.connect().await;
    let mut streaming = server.connect().await;
    streaming.write_all(ASK).await.unwrap();
    assert!(streaming.read(&mut [0; 1_024]).await.unwrap() > 0);
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n")
        .await
        .unwrap();
    assert!(idle.read(&mut [0; 4_096]).await.unwrap() > 0);

    server.stop.soft.cancel();
    assert_eq!(
        idle.read(&mut [0; 1]).await.unwrap(),
        0,
        "an idle connection is closed"
    );
    assert!(!server.served.is_finished(), "a stream is still open");
    let late = server
        .raw(b"GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n")
        .await;
    assert_eq!(late.status, 200, "a newcomer is answered");
    server.stop.hard.cancel();
    assert_eq!(server.dropped.lock().await.recv().await, Some("stream"));
    tokio::time::timeout(Duration::from_secs(5), server.served)
        .await
        .unwrap()
        .unwrap();
    assert!(
        tokio::net::TcpStream::connect(server.address)
            .await
            .is_err()
    );
}

/// On one thread: the connection hears of the stop before the runtime has told it of the bytes.
#[tokio::test]
async fn a_first_request_that_meets_the_stop_is_answered() {
    let server = TestServer::start().await;
    let mut meeting = server.connect().await;
    // Accepted in their order: with an answer on the second, the first waits for its bytes.
    let other = server.send("GET /health/live", "").await;
    assert_eq!(other.status, 200);

    let request = b"GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n";
    meeting.write_all(request).await.unwrap();
    server.stop.soft.cancel();

    let mut received = Vec::new();
    let read = meeting.read_to_end(&mut received);
    tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .expect("closed after its answer")
        .unwrap();
    assert_eq!(Answer::parse(&received).status, 200);
    tokio::time::timeout(Duration::from_secs(5), server.served)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_file_is_offered_for_saving_with_its_length() {
    let server = TestServer::start().await;
    let answer = server.send("GET /api/file", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "abc"));
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    assert_eq!(answer.header("content-length"), Some("3"));
    assert_eq!(
        answer.header("content-disposition"),
        Some("attachment; filename=\"r_e.pdf\"; filename*=UTF-8''r%22e.pdf")
    );
}
