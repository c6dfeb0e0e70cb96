//! Request ids, HEAD, keep-alive and measurement.

use std::{
    io::{self, Write},
    sync::Arc,
};

use parking_lot::Mutex;
use pretty_assertions::assert_eq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    answer::Answer,
    support::{CHANGE, TestServer},
};

#[tokio::test]
async fn request_ids_are_echoed_or_made() {
    let server = TestServer::start().await;
    let own = server
        .send("GET /health/live\nX-Request-ID: req-123", "")
        .await;
    assert_eq!(own.header("x-request-id"), Some("req-123"));
    let bad = server.send("GET /health/live\nX-Request-ID: a b", "").await;
    assert_eq!(bad.header("x-request-id"), Some("made-0"));
    let none = server.send("GET /health/live", "").await;
    assert_eq!(none.header("x-request-id"), Some("made-1"));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = TestServer::start().await;
    let get = server.send("GET /api/address", "").await;
    let head = server.send("HEAD /api/address", "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(head.header("content-length"), Some("11"));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    let refused = server.send("HEAD /api/notes", "").await;
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_survives_small_refusals() {
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    let requests = [
        (
            "GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n".to_owned(),
            200,
        ),
        (
            "POST /api/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
            403,
        ),
        (
            "GET /api/nothing HTTP/1.1\r\nHost: t\r\n\r\n".to_owned(),
            404,
        ),
        (
            "GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n".to_owned(),
            200,
        ),
    ];
    for (request, status) in requests {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = vec![0; 8_192];
        let size = stream.read(&mut received).await.unwrap();
        assert_eq!(Answer::parse(&received[..size]).status, status, "{request}");
    }
}

#[tokio::test]
async fn each_request_is_measured_once_by_its_template() {
    let server = TestServer::start().await;
    server
        .send(&format!("GET /api/notes/1?secret=x\n{CHANGE}"), "")
        .await;
    server.send("GET /health", "").await;
    server
        .seen
        .until(|seen| seen.finished.lock().len() == 2)
        .await;
    let finished = server.seen.finished.lock().clone();
    let get = |route: &str, status| ("GET".to_owned(), route.to_owned(), status);
    assert_eq!(finished, [get("/api/notes/{id}", 200), get("/health", 503)]);
    assert!(server.seen.in_flight.lock().values().all(|&open| open == 0));
}

/// Log lines, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn one_line_is_logged_per_request_and_nothing_of_its_content() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    // With a single subscriber alive, tracing lets whichever thread logs first decide for all that
    // nobody listens; beside a second one it asks both.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _logging = tracing::subscriber::set_default(subscriber);
    let server = TestServer::start().await;
    let head = format!("POST /api/notes?q=canary\nX-Request-ID: r-1\nCookie: canary\n{CHANGE}");
    server.send(&head, r#"{"title":"canary","marks":3}"#).await;
    server
        .seen
        .until(|seen| !seen.finished.lock().is_empty())
        .await;
    let text = String::from_utf8(lines.0.lock().clone()).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    let (fields, request) = (&line["fields"], &line["span"]);
    assert_eq!(request["request_id"], "r-1");
    assert_eq!(request["user_id"], 7);
    assert_eq!(fields["route"], "/api/notes");
    assert_eq!(fields["status"], 422);
}
