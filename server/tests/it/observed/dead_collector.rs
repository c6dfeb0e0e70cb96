//! A collector that is gone or hangs costs nothing but the spans.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    faults::program::{Program, Site},
    support::{Database, User, eventually},
};

/// Requests that are measured.
const REQUESTS: usize = 200;
/// What a request to a server with a collector may take, in times that of one without.
const FACTOR: u32 = 3;
/// What a busy machine may add to all of them together.
const SLACK: Duration = Duration::from_secs(2);
/// How long the collector may take: far longer than that, so that one request that waited for it
/// would be seen.
const PATIENCE_MS: &str = "60000";

/// A house with a queue that is full at once.
fn beside(endpoint: &str) -> Site {
    Site::new(
        Arc::new(Database::Sqlite),
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", PATIENCE_MS),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "4"),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ],
    )
}

/// Asks a server with a collector and one without in turn; so a busy machine is as busy for both.
async fn as_fast_as_without(with: &Program) {
    let without = Site::new(Arc::new(Database::Sqlite), &[]);
    let plain = without.serve(&[]).await;
    let servers = [with, &plain].map(|server| User::anonymous(server.base.clone()));
    let mut taken = [Duration::ZERO; 2];
    for _ in 0..REQUESTS {
        for (server, taken) in servers.iter().zip(&mut taken) {
            let begun = Instant::now();
            assert_eq!(server.get("/api/settings").await.status, 200);
            *taken += begun.elapsed();
        }
    }
    let [with, without] = taken;
    assert!(
        with < without * FACTOR + SLACK,
        "{with:?} with a collector, {without:?} without"
    );
    plain.stop().await;
}

/// Waits until spans are lost this way.
async fn lost(server: &Program, way: &str) {
    let series = format!("binnacle_trace_spans_total{{result=\"{way}\"}} ");
    let stranger = User::anonymous(server.base.clone());
    eventually(|| async {
        let page = stranger.get("/metrics").await.body;
        let value = page.lines().find_map(|line| line.strip_prefix(&*series));
        (value.expect("a series") != "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_costs_nothing_but_the_spans() {
    let site = beside("http://127.0.0.1:1");
    let server = site.serve(&[]).await;
    as_fast_as_without(&server).await;
    lost(&server, "failed").await;
    let unreachable = |line: &serde_json::Value| line["event"] == "traces_not_exported";
    server.logged("that spans are lost", unreachable).await;
    assert_eq!(server.count_logged(unreachable), 1, "said once");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_costs_nothing_but_the_spans() {
    // Connections are taken by the system, and nobody ever answers.
    let hangs = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = hangs.local_addr().expect("an address");
    let site = beside(&format!("http://{address}"));
    let server = site.serve(&[]).await;
    as_fast_as_without(&server).await;
    lost(&server, "dropped").await;
    let begun = Instant::now();
    server.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "the end does not wait for it either: {:?}",
        begun.elapsed()
    );
}
