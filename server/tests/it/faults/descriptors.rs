//! Connections until nothing is left to take them with: the server waits, and is there again as soon
//! as there is room; and connections that say nothing, which are closed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, future::join_all, stream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use pretty_assertions::assert_eq;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::program::{Program, Site};
use crate::support::{Database, User, client::eventually};

const SILENT: usize = 1_000;
/// How many descriptors the process has left, and how many clients want one.
const DESCRIPTORS: usize = 100;
const CLIENTS: usize = 150;
/// How many waits are looked at.
const WAITS: usize = 20;
/// The server's wait after it could not accept.
const BACKOFF: Duration = Duration::from_millis(50);

/// The tests' own process needs a descriptor for each of its connections.
fn allow_many_connections() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("a higher limit");
    }
}

async fn connect(server: &Program) -> TcpStream {
    let address = server.base.trim_start_matches("http://");
    TcpStream::connect(address).await.expect("a connection")
}

fn cannot_accept(line: &Value) -> bool {
    line.to_string().contains("cannot accept a connection")
}

fn logged_at(line: &Value) -> DateTime<Utc> {
    let time = line["timestamp"].as_str().expect("a time");
    time.parse().expect("a time")
}

/// Processor time that a process has used.
fn used(program: &Program) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.pid())).expect("a process");
    let after_name = stat.rsplit_once(')').expect("a name").1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().expect("ticks");
    // In hundredths of a second on every Linux that Rust runs on.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_the_server_waits_and_comes_back() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("descriptors");
    let enough = open.count() + DESCRIPTORS;
    server.limit("nofile", &enough.to_string()).await;

    let used_before = used(&server);
    let clients = join_all((0..CLIENTS).map(|_| connect(&server))).await;
    let refusals = server.logged_times(WAITS + 1, cannot_accept).await;
    let used_meanwhile = used(&server).saturating_sub(used_before);

    let elapsed = logged_at(&refusals[refusals.len() - 1]) - logged_at(&refusals[0]);
    let elapsed = elapsed.to_std().expect("time goes on");
    let waits = u32::try_from(refusals.len() - 1).expect("few");
    assert!(elapsed >= BACKOFF * waits, "it does not wait: {elapsed:?}");
    assert!(
        used_meanwhile < elapsed / 2,
        "{used_meanwhile:?} of work in {elapsed:?} of waiting"
    );
    // A connection that was there before is still served.
    user.get("/api/stores").await.expect(200);
    drop(clients);
    eventually(|| async {
        let answer = User::anonymous(server.base.clone()).get("/ready").await;
        (answer.status == 200).then_some(())
    })
    .await;
    let store = user.store("Papers").await;
    let file = b"The tide turns at four in the afternoon.".to_vec();
    user.indexed(store, "tide.txt", "text/plain", file).await;
    server.stop().await;
}

/// What a client may send without ever coming to a point.
const BEGINNINGS: [&[u8]; 4] = [
    b"",
    b"P",
    b"PRI * HTTP/2.0\r\n\r\nSM",
    b"GET /health/live HTTP/1.1\r\nHost: house\r\nX-Slow: ",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_silent_connections_stop_nobody_and_are_closed() {
    allow_many_connections();
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve(&[]).await;
    server.limit("nofile", "4096").await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let mut silent: Vec<TcpStream> = stream::iter(0..SILENT)
        .map(|number| {
            let server = &server;
            async move {
                let mut stream = connect(server).await;
                let beginning = BEGINNINGS[number % BEGINNINGS.len()];
                stream.write_all(beginning).await.expect("sent");
                stream
            }
        })
        .buffered(50)
        .collect()
        .await;

    // Somebody who comes now is served like anybody.
    let begun = Instant::now();
    let newcomer = User::sign_in(
        server.base.clone(),
        "ada@example.org",
        crate::support::PASSWORD,
    );
    newcomer.await.get("/api/stores").await.expect(200);
    user.store("Papers").await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );

    let closed = join_all(silent.iter_mut().map(|stream| async {
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        tokio::time::timeout(Duration::from_secs(40), read)
            .await
            .is_ok()
    }));
    let still_open = closed.await.iter().filter(|closed| !**closed).count();
    assert_eq!(still_open, 0, "connections that say nothing and stay");
    server.stop().await;
}
