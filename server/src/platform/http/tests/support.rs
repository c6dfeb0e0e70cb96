//! A server with one operation of each kind, and a client that speaks raw HTTP.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use governor::clock::{Clock, FakeRelativeClock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

use super::{
    super::*,
    answer::Answer,
    sample::{NamedTokens, registry},
    seen::Seen,
};
use crate::platform::{
    limits::{LimitClock, LimitQuotas, Limits},
    tasks::Tasks,
};

pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Seen>,
    pub(super) clock: FakeRelativeClock,
    pub(super) stop: Shutdown,
    /// What ended streams leave here when they are dropped.
    pub(super) dropped: tokio::sync::Mutex<mpsc::UnboundedReceiver<&'static str>>,
    pub(super) served: tokio::task::JoinHandle<()>,
}

pub(super) fn settings() -> EdgeSettings {
    EdgeSettings {
        json_cap: 1_000,
        ..EdgeSettings::default()
    }
}

pub(super) fn edge(settings: EdgeSettings, seen: &Arc<Seen>, clock: &FakeRelativeClock) -> Edge {
    let clock = clock.clone();
    let numbers = AtomicU64::new(0);
    Edge {
        settings,
        identify: Arc::new(NamedTokens),
        limits: Arc::new(Limits::new(
            LimitQuotas::default(),
            LimitClock::from_fn(move || clock.now().into()),
        )),
        observer: seen.clone(),
        new_request_id: Arc::new(move || {
            format!(
                "made-{}",
                numbers.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            )
        }),
        tasks: Tasks::default(),
    }
}

impl TestServer {
    pub(super) async fn start() -> Self {
        Self::with(settings(), ConnectionLimits::default()).await
    }

    pub(super) async fn with(settings: EdgeSettings, limits: ConnectionLimits) -> Self {
        let seen = Arc::new(Seen::default());
        let clock = FakeRelativeClock::default();
        let (sender, dropped) = mpsc::unbounded_channel();
        let endpoint = registry(&sender)
            .into_endpoint(edge(settings, &seen, &clock))
            .unwrap();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Shutdown::default();
        let served = TaskTracker::new().spawn(serve(listener, endpoint, stop.clone(), limits));
        Self {
            address,
            seen,
            clock,
            stop,
            dropped: dropped.into(),
            served,
        }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a head (lines without `Host` and the blank line) and a body; reads to the end.
    pub(super) async fn send(&self, head: &str, body: &str) -> Answer {
        let mut lines = head.lines();
        let first = lines.next().unwrap();
        let mut text = format!("{first} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        for line in lines {
            text.push_str(line.trim());
            text.push_str("\r\n");
        }
        if !body.is_empty() && !head.to_lowercase().contains("transfer-encoding") {
            text = format!("{text}Content-Length: {}\r\n", body.len());
        }
        text.push_str("\r\n");
        self.raw(format!("{text}{body}").as_bytes()).await
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(super) async fn raw(&self, bytes: &[u8]) -> Answer {
        let (mut reader, mut writer) = self.connect().await.into_split();
        let bytes = bytes.to_vec();
        let writing = async move {
            // A refused body is answered before it is all sent.
            let _ = writer.write_all(&bytes).await;
            writer
        };
        let reading = async {
            let mut received = Vec::new();
            let read = reader.read_to_end(&mut received);
            tokio::time::timeout(Duration::from_secs(15), read)
                .await
                .expect("no end")
                .unwrap();
            received
        };
        let (_writer, received) = tokio::join!(writing, reading);
        Answer::parse(&received)
    }
}

/// The headers of a signed-in user's change.
pub(super) const CHANGE: &str = "X-Requested-With: XMLHttpRequest\nAuthorization: Bearer user:7";
