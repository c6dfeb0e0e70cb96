//! Request ids, HEAD, keep-alive and measurement.

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
