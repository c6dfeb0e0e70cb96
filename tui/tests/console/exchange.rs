//! An exchange of tokens that nobody waits for any more.

use std::sync::Arc;
use std::time::Duration;

use binnacle_tui::client::Request;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::client::{Place, TOKENS, answer, read};

#[tokio::test]
async fn an_exchange_is_not_cut_by_who_asked_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let place = Place::at(&address);
    let exchanges = TaskTracker::new();
    let client = place.client().tracked_by(exchanges.clone());
    let asks = TaskTracker::new();
    let question = asks.spawn(async move { client.send(&Request::get("/api/x")).await });

    // The token has run out; the server changes it, and its answer is late.
    let (mut first, _) = listener.accept().await.expect("a question");
    read(&mut first).await;
    let expired = answer("401 Unauthorized", "", r#"{"detail":"expired"}"#);
    first.write_all(expired.as_bytes()).await.expect("sent");
    let (mut exchange, _) = listener.accept().await.expect("an exchange");
    assert!(read(&mut exchange).await.contains("r1"));
    question.abort();
    assert!(question.await.expect_err("aborted").is_cancelled());

    let released = Arc::new(Notify::new());
    let waits = Arc::clone(&released);
    asks.spawn(async move {
        waits.notified().await;
        let changed = answer("200 OK", "", TOKENS);
        exchange.write_all(changed.as_bytes()).await.expect("sent");
        exchange.shutdown().await.expect("closed");
    });
    assert!(!exchanges.is_empty(), "it goes on");
    released.notify_one();
    exchanges.close();
    tokio::time::timeout(Duration::from_secs(10), exchanges.wait())
        .await
        .expect("it ends");
    let saved = place.saved().expect("kept");
    assert!(saved.access_token == "new" && saved.refresh_token == "r2");
}
