//! Requests that two readers could read differently: the server sees what the proxy saw, or nothing.

use std::{sync::Arc, time::Instant};

use super::{nginx::Proxy, upstream::Upstream};

/// What an attacker hides in a body, hoping that the server reads it as a request.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: house\r\n\r\n";

/// What is wrong, the version, and the lines that frame the body. `LENGTH` is that of the hidden
/// request, `CHUNKED` of the same after a last chunk, which is the body where a coding is named.
const ATTACKS: [(&str, &str, &str); 16] = [
    (
        "a length and chunks",
        "1.1",
        "Content-Length: CHUNKED\r\nTransfer-Encoding: chunked",
    ),
    (
        "chunks and a length",
        "1.1",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ),
    (
        "two codings",
        "1.1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
    ),
    (
        "a coding in disguise",
        "1.1",
        "Transfer-Encoding : chunked\r\nContent-Length: CHUNKED",
    ),
    (
        "an unknown coding",
        "1.1",
        "Transfer-Encoding: xchunked\r\nContent-Length: CHUNKED",
    ),
    (
        "a coding after a tab",
        "1.1",
        "Transfer-Encoding:\tchunked\r\nContent-Length: CHUNKED",
    ),
    ("a folded line", "1.1", "X: y\r\n Content-Length: LENGTH"),
    (
        "two lengths",
        "1.1",
        "Content-Length: 0\r\nContent-Length: LENGTH",
    ),
    ("a list of lengths", "1.1", "Content-Length: 0, LENGTH"),
    ("a signed length", "1.1", "Content-Length: +LENGTH"),
    (
        "bare line feeds",
        "1.1",
        "X: y\nContent-Length: 0\nContent-Length: LENGTH",
    ),
    (
        "chunks in HTTP/1.0",
        "1.0",
        "Transfer-Encoding: chunked\r\nContent-Length: CHUNKED",
    ),
    (
        "a bare carriage return",
        "1.1",
        "X: y\rContent-Length: 0\r\nContent-Length: LENGTH",
    ),
    (
        "a null in a name",
        "1.1",
        "Content\0-Length: 0\r\nContent-Length: LENGTH",
    ),
    (
        "an upgrade to HTTP/2",
        "1.1",
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: LENGTH",
    ),
    ("two hosts", "1.1", "Host: other\r\nContent-Length: LENGTH"),
];

fn attack(version: &str, framing: &str) -> String {
    let in_chunks = format!("0\r\n\r\n{HIDDEN}");
    let body = if framing.contains("Transfer-Encoding") {
        &in_chunks
    } else {
        HIDDEN
    };
    let framing = framing
        .replace("LENGTH", &HIDDEN.len().to_string())
        .replace("CHUNKED", &in_chunks.len().to_string());
    format!("POST /a HTTP/{version}\r\nHost: house\r\n{framing}\r\n\r\n{body}")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_hides_in_another() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Arc::new(Proxy::before(&upstream.base, &[]).await);
    let sent: Vec<_> = ATTACKS
        .iter()
        .map(|(what, version, framing)| {
            let (proxy, bytes) = (Arc::clone(&proxy), attack(version, framing));
            (
                what,
                tokio::task::spawn_blocking(move || proxy.raw(bytes.as_bytes())),
            )
        })
        .collect();
    let mut passed = 0;
    for (what, answer) in sent {
        let answer = answer.await.expect("an answer");
        let status = answer.split(' ').nth(1).unwrap_or("closed");
        assert!(
            ["200", "400", "501", "closed"].contains(&status),
            "{what}: {answer}"
        );
        passed += answer.matches("\r\n\r\nhere").count();
    }
    // A request that the server sees and the proxy does not has no answer of its own.
    assert_eq!(upstream.heads().len(), passed, "{:?}", upstream.heads());
    for head in upstream.heads() {
        let framing = ["content-length", "transfer-encoding"];
        let lines = head.iter().map(|line| line.to_ascii_lowercase());
        let framed = lines.filter(|line| framing.iter().any(|name| line.starts_with(name)));
        assert!(framed.count() <= 1, "{head:?} is framed twice");
        let upgrades = |line: &String| line.to_ascii_lowercase().starts_with("upgrade");
        assert!(!head.iter().any(upgrades), "{head:?} leaves HTTP");
    }
}
