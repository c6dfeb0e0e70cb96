//! What happens below HTTP: slow, large and ambiguous requests.

use std::time::Duration;

use pretty_assertions::assert_eq;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::{ConnectionLimits, EdgeSettings},
    answer::Answer,
    support::{TestServer, settings},
};

#[tokio::test]
async fn a_half_sent_head_is_closed() {
    let limits = ConnectionLimits {
        header_read_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = TestServer::with(settings(), limits).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .expect("still open")
        .unwrap();
    assert!(!received.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_connection_that_does_not_say_what_it_speaks_is_closed() {
    let limits = ConnectionLimits {
        header_read_timeout: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    let server = TestServer::with(settings(), limits).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut stream = server.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let read = stream.read_to_end(&mut received);
        let closed = tokio::time::timeout(Duration::from_secs(5), read).await;
        assert!(closed.is_ok(), "still open after `{beginning}`");
    }
}

#[tokio::test]
async fn a_body_that_stops_is_408() {
    let hasty = EdgeSettings {
        body_idle: Duration::from_millis(200),
        ..settings()
    };
    let server = TestServer::with(hasty, ConnectionLimits::default()).await;
    let head = "POST /social/notes HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 90\r\n\r\n{";
    let answer = server.raw(head.as_bytes()).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (408, &"request_timeout".into())
    );
}

#[tokio::test]
async fn a_giant_head_is_431() {
    let server = TestServer::start().await;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: t\r\nX-Large: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    assert_eq!(server.raw(head.as_bytes()).await.status, 431);
    let many = format!(
        "GET / HTTP/1.1\r\nHost: t\r\n{}\r\n",
        "X-Many: 1\r\n".repeat(500)
    );
    assert_eq!(server.raw(many.as_bytes()).await.status, 431);
}

/// What is wrong with it, and a request that two servers could read differently.
const AMBIGUOUS: &[(&str, &str)] = &[
    (
        "two lengths",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n",
    ),
    (
        "a signed length",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nContent-Length: +40\r\n\r\n",
    ),
    (
        "an unknown coding",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: xchunked\r\n\r\n",
    ),
    (
        "chunked not last",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    ),
    (
        "space before the colon",
        "GET /health/live HTTP/1.1\r\nHost: t\r\nX-A : b\r\n\r\n",
    ),
    (
        "a folded line",
        "GET /health/live HTTP/1.1\r\nHost: t\r\nX-A: b\r\n c\r\n\r\n",
    ),
    (
        "a list of lengths",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 0, 0\r\n\r\n",
    ),
    (
        "a length in hex",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 0x0\r\n\r\n",
    ),
    (
        "two codings, chunked twice removed",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    ),
    (
        "chunks in HTTP/1.0",
        "POST /social/notes HTTP/1.0\r\nHost: t\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "a bare CR in a value",
        "GET /health/live HTTP/1.1\r\nHost: t\r\nX-A: b\rContent-Length: 40\r\n\r\n",
    ),
    (
        "a NUL in a value",
        "GET /health/live HTTP/1.1\r\nHost: t\r\nX-A: b\0c\r\n\r\n",
    ),
    (
        "a bare LF after a chunk's size",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\n{\r\n0\r\n\r\n",
    ),
    (
        "a bare LF in a chunk's extension",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;a\n{\r\n0\r\n\r\n",
    ),
    (
        "a chunk longer than its size",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    ),
    (
        "a chunk of more than any size",
        "POST /social/notes HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\n{\r\n0\r\n\r\n",
    ),
    ("no host", "GET /health/live HTTP/1.1\r\n\r\n"),
    (
        "two hosts",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ),
];

#[tokio::test]
async fn requests_that_two_servers_could_read_differently_are_refused() {
    let server = TestServer::start().await;
    let smuggled = "GET /api/panic HTTP/1.1\r\nHost: t\r\n\r\n";
    for (what, head) in AMBIGUOUS {
        let answer = server.raw(format!("{head}{smuggled}").as_bytes()).await;
        assert_eq!(answer.status, 400, "{what}");
        assert!(
            !answer.body.contains("HTTP/1.1"),
            "{what}: a second request was read"
        );
    }
    assert!(
        server.seen.events.lock().is_empty(),
        "a smuggled request reached its handler"
    );
}

/// RFC 9112, 6.1: such a request is refused, or read by its chunks and the connection closed.
#[tokio::test]
async fn with_both_framings_the_chunks_decide_and_nothing_more_is_read() {
    let server = TestServer::start().await;
    let body = r#"{"title":"a","marks":[]}"#;
    let framings = [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ];
    for framing in framings {
        let request = format!(
            "POST /social/notes HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n{:x}\r\n{body}\r\n\
             0\r\n\r\nGET /api/panic HTTP/1.1\r\nHost: t\r\n\r\n",
            body.len()
        );
        let answer = server.raw(request.as_bytes()).await;
        assert!(matches!(answer.status, 200 | 400 | 401), "{answer:?}");
        assert_eq!(answer.body.matches("HTTP/1.1").count(), 0, "{framing}");
    }
    let seen = format!("{:?}", server.seen.events.lock());
    assert!(
        !seen.contains("panic"),
        "a smuggled request was read: {seen}"
    );
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = ConnectionLimits {
        connections: 1,
        ..ConnectionLimits::default()
    };
    let server = TestServer::with(settings(), limits).await;
    let ask = b"GET /health/live HTTP/1.1\r\nHost: t\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(ask).await.unwrap();
    assert!(first.read(&mut [0; 4_096]).await.unwrap() > 0);
    let mut second = server.connect().await;
    second.write_all(ask).await.unwrap();
    let mut byte = [0; 1];
    let early = tokio::time::timeout(Duration::from_millis(100), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    let mut received = vec![0; 4_096];
    let size = second.read(&mut received).await.unwrap();
    assert_eq!(Answer::parse(&received[..size]).status, 200);
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_begin_with_it() {
    let server = TestServer::start().await;
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let url = |path: &str| format!("http://{}{path}", server.address);
    let live = client.get(url("/health/live")).send().await.unwrap();
    assert_eq!(
        (live.status(), live.version()),
        (http::StatusCode::OK, http::Version::HTTP_2)
    );
    let mut stream = client.get(url("/api/stream")).send().await.unwrap();
    assert_eq!(
        stream.chunk().await.unwrap().as_deref(),
        Some(&b"data: {}\n\n"[..])
    );
    drop(stream);
    assert_eq!(server.dropped.lock().await.recv().await, Some("stream"));
    let large = client
        .post(url("/social/notes"))
        .body("x".repeat(500_000))
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), 413);
}
