//! What is sent goes out as it comes, both ways.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{nginx::Proxy, upstream::Upstream};

/// Under the whole suite on two cores; alone it stays below 10 ms (docs/benchmarks.md).
const LATEST: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_as_they_are_sent() {
    let begun = Instant::now();
    let upstream = Upstream::start(begun).await;
    let proxy = Proxy::before(&upstream.base, &[]).await;
    let stranger = proxy.stranger();

    let answer = stranger
        .request(reqwest::Method::GET, "/stream")
        .send()
        .await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let mut events = answer.bytes_stream().eventsource();
    let mut late = Vec::new();
    while let Some(event) = events.next().await {
        let data = event.expect("an event").data;
        if data == "[DONE]" {
            break;
        }
        let sent = Duration::from_micros(data.parse().expect("a time"));
        late.push(begun.elapsed().saturating_sub(sent));
    }

    assert_eq!(late.len(), 100);
    late.sort();
    let (median, worst) = (late[50], late[99]);
    let _shown = writeln!(
        std::io::stderr(),
        "through the proxy: median {median:?}, worst {worst:?}"
    );
    assert!(
        median < LATEST / 5 && worst < LATEST,
        "median {median:?}, worst {worst:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_is_passed_on() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &[]).await;
    let request = Proxy::client_of_http1()
        .get(format!("{}/socket", proxy.base()))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 101);
    let mut socket = answer.upgrade().await.expect("a socket");
    for word in ["one", "two"] {
        socket.write_all(word.as_bytes()).await.expect("it is sent");
        let mut back = [0; 3];
        socket.read_exact(&mut back).await.expect("it comes back");
        assert_eq!(&back, word.as_bytes());
    }
}
