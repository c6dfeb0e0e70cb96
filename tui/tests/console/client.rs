//! The client on a wire: a server of a few scripted answers.

use std::collections::VecDeque;
use std::sync::Arc;

use binnacle_tui::client::auth::Client;
use binnacle_tui::client::backoff::Backoff;
use binnacle_tui::client::credentials::{Credentials, Saved};
use binnacle_tui::client::{Failure, Request, feed, http};
use binnacle_tui::message::FeedMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// A server that gives one answer after the other, and keeps what was asked.
pub(crate) struct House {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl House {
    pub(crate) async fn open(answers: Vec<String>) -> House {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut answers = VecDeque::from(answers);
            while let Some(answer) = answers.pop_front() {
                let (mut stream, _) = listener.accept().await.expect("a caller");
                let request = read(&mut stream).await;
                kept.lock().await.push(request);
                stream.write_all(answer.as_bytes()).await.expect("sent");
                stream.shutdown().await.expect("closed");
            }
        });
        House {
            address,
            asked,
            _tasks: tasks,
        }
    }

    pub(crate) async fn asked(&self, at: usize) -> String {
        self.asked.lock().await[at].to_lowercase()
    }
}

/// The head of a request, and as much of a body as it says.
pub(crate) async fn read(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let length = stream.read(&mut part).await.expect("a request");
        all.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&all).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let wanted = head
            .to_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned))
            .map_or(0, |length| length.parse().expect("a length"));
        if body.len() >= wanted || length == 0 {
            return text;
        }
    }
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

fn stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n{body}")
}

pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    server: String,
}

impl Place {
    pub(crate) fn new(house: &House) -> Place {
        Place::at(&house.address)
    }

    pub(crate) fn at(server: &str) -> Place {
        let place = Place {
            folder: tempfile::tempdir().expect("a folder"),
            server: server.to_owned(),
        };
        let old = Saved {
            access_token: "old".to_owned(),
            refresh_token: "r1".to_owned(),
        };
        place
            .credentials()
            .save(&place.server, Some(&old))
            .expect("saved");
        place
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials::new(self.folder.path())
    }

    pub(crate) fn client(&self) -> Client {
        let http = http::build(http::Via::Console, None).expect("a client");
        let base = self.server.parse().expect("an address");
        Client::new(http, base, None, self.credentials())
    }

    pub(crate) fn saved(&self) -> Option<Saved> {
        self.credentials().load(&self.server).expect("read")
    }
}

pub(crate) const TOKENS: &str =
    r#"{"access_token":"new","token_type":"bearer","refresh_token":"r2","expires_in":900}"#;

#[tokio::test]
async fn a_token_that_ran_out_is_exchanged_once_and_kept() {
    let house = House::open(vec![
        answer("401 Unauthorized", "", r#"{"detail":"expired"}"#),
        answer("200 OK", "", TOKENS),
        answer("200 OK", "x-audit-id: 7\r\n", r#"{"ok":true}"#),
    ])
    .await;
    let place = Place::new(&house);
    let reply = place
        .client()
        .send(&Request::get("/api/x"))
        .await
        .expect("an answer");
    assert_eq!(reply.audit_id, Some(7));
    assert!(house.asked(0).await.contains("authorization: bearer old"));
    assert!(house.asked(1).await.contains("r1"));
    assert!(house.asked(2).await.contains("authorization: bearer new"));
    let saved = place.saved().expect("kept");
    assert!(saved.access_token == "new" && saved.refresh_token == "r2");
}

#[tokio::test]
async fn another_console_s_exchange_is_taken_over() {
    let house = House::open(vec![
        answer("200 OK", "", "{}"),
        answer("401 Unauthorized", "", "{}"),
        answer("200 OK", "", "{}"),
    ])
    .await;
    let place = Place::new(&house);
    let client = place.client();
    client
        .send(&Request::get("/api/x"))
        .await
        .expect("an answer");
    let other = Saved {
        access_token: "others".to_owned(),
        refresh_token: "r9".to_owned(),
    };
    place
        .credentials()
        .save(&place.server, Some(&other))
        .expect("saved");
    client
        .send(&Request::get("/api/x"))
        .await
        .expect("an answer");
    assert!(
        house
            .asked(2)
            .await
            .contains("authorization: bearer others")
    );
    assert!(
        place.saved().expect("kept").refresh_token == "r9",
        "it was not used up"
    );
}

#[tokio::test]
async fn a_refresh_that_is_refused_asks_to_sign_in() {
    let house = House::open(vec![
        answer("401 Unauthorized", "", "{}"),
        answer("401 Unauthorized", "", r#"{"detail":"used before"}"#),
    ])
    .await;
    let place = Place::new(&house);
    let outcome = place.client().send(&Request::get("/api/x")).await;
    assert_eq!(outcome, Err(Failure::SignIn));
    assert!(place.saved().is_none());
}

#[tokio::test]
async fn a_change_carries_its_key_and_the_header_against_forgery() {
    let house = House::open(vec![answer(
        "429 Too Many Requests",
        "retry-after: 12\r\n",
        "{}",
    )])
    .await;
    let place = Place::new(&house);
    let mut request = Request::post("/api/admin/jobs/1/cancel").with("a", "b c");
    request.idempotency_key = Some("k1".to_owned());
    let failure = place.client().send(&request).await.expect_err("limited");
    assert_eq!(failure.retry_after_s(), Some(12));
    let asked = house.asked(0).await;
    assert!(asked.starts_with("post /api/admin/jobs/1/cancel?a=b+c "));
    assert!(asked.contains("idempotency-key: k1"));
    assert!(asked.contains("x-requested-with: xmlhttprequest"));
}

#[tokio::test]
async fn the_feed_is_resumed_after_its_last_event() {
    let house = House::open(vec![
        stream(": hb\n\nid: w1.7\nevent: pulse\ndata: {\"a\":\ndata: 1}\n\n"),
        stream("id: w1.8\nevent: pulse\ndata: {}\n\n"),
    ])
    .await;
    let place = Place::new(&house);
    let client = place.client();
    let (out, mut inbox) = mpsc::channel(64);
    let (mut last, mut backoff) = (None, Backoff::default());
    for _ in 0..2 {
        let ended = feed::read(&client, "pulse", &mut last, &out, &mut backoff).await;
        assert!(matches!(ended, Err(Failure::Network { .. })));
    }
    assert_eq!(last.as_deref(), Some("w1.8"));
    assert!(!house.asked(0).await.contains("last-event-id"));
    assert!(house.asked(1).await.contains("last-event-id: w1.7"));
    let mut events = Vec::new();
    while let Ok(message) = inbox.try_recv() {
        if let FeedMessage::Event { id, data, .. } = message {
            events.push((id, data));
        }
    }
    let expected = [("w1.7", "{\"a\":\n1}"), ("w1.8", "{}")];
    assert_eq!(
        events,
        expected.map(|(id, data)| (id.to_owned(), data.to_owned()))
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let folder = tempfile::tempdir().expect("a folder");
    let base = format!("http://{address}").parse().expect("an address");
    let http = http::build(http::Via::Console, None).expect("a client");
    let token = Some("t".to_owned());
    let client = Client::new(http, base, token, Credentials::new(folder.path()));
    let failure = client
        .send(&Request::get("/api/x").with("filter", "bo@ex.org"))
        .await;
    let text = failure.expect_err("nobody").to_string();
    assert!(
        text.starts_with("no answer from the server: cannot connect"),
        "{text}"
    );
    assert!(!text.contains("bo@ex.org"));
}
