//! Faults, one at a time: in the real Prometheus the alert that names the fault fires, and no other.
//! A minute of the rules is a second here.

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;

use super::{prometheus::Prometheus, scaled};
use crate::{
    faults::{
        outage::Cluster,
        program::Site,
        stub::{Fault, ProviderStub},
    },
    support::{Database, User, client::eventually, free_port},
};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

/// Waits until an alert has fired; three scrapes later it must still be the only one that ever has.
async fn fires_alone(prometheus: &Prometheus, alert: &str) {
    let pending = format!("ALERTS{{alertname=\"{alert}\"}}");
    let seen = || async {
        prometheus
            .ask(&pending)
            .await
            .is_ok_and(|series| !series.is_empty())
            .then_some(())
    };
    eventually(seen).await;
    eventually(|| async { prometheus.ever_fired().await.contains(alert).then_some(()) }).await;
    let later = prometheus.scrapes().await + 3;
    eventually(|| async { (prometheus.scrapes().await > later).then_some(()) }).await;
    assert_eq!(
        prometheus.ever_fired().await,
        BTreeSet::from([alert.to_owned()])
    );
}

/// Does something again and again until the other future ends.
async fn meanwhile<A, D>(mut act: A, over: impl Future<Output = ()>)
where
    A: FnMut() -> D,
    D: Future,
{
    let again = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        loop {
            ticks.tick().await;
            act().await;
        }
    };
    tokio::select! {
        () = over => {}
        () = again => unreachable!("it has no end"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_database_is_told() {
    let cluster = Cluster::start();
    let site = Site::new(cluster.database().into(), &[]);
    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    cluster.down();

    fires_alone(&prometheus, "DatabaseNotWritable").await;
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_redis_is_told() {
    let port = free_port().to_string();
    let mut redis = std::process::Command::new("redis-server")
        .args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("redis-server runs");
    let url = format!("redis://127.0.0.1:{port}");
    let site = Site::new(Database::Sqlite.into(), &[("REDIS_URL", &url)]);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    redis.kill().expect("the signal is sent");
    redis.wait().expect("it ends");
    user.get("/api/stores").await;

    fires_alone(&prometheus, "RateLimiterDegraded").await;
    server.kill().await;
}

/// Shared memory has no tebibyte to spare, so that it counts as full.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told() {
    let small = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let folder = small.path().display().to_string();
    let settings = [
        ("MIN_FREE_DISK_MB", "1048576"),
        ("PLC_STORAGE_DIR", folder.as_str()),
    ];
    let site = Site::new(Database::Sqlite.into(), &settings);
    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    let stranger = User::anonymous(server.base.clone());
    let probe = || async {
        for path in ["/ready", "/health/ready", "/startupz"] {
            assert_eq!(stranger.get(path).await.status, 503, "{path}");
        }
    };

    // It is idle: nearly all that it answers is that it is not ready.
    meanwhile(probe, fires_alone(&prometheus, "StorageNotReady")).await;
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_gone_is_told() {
    let site = Site::new(Database::Sqlite.into(), &[]);
    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    server.kill().await;

    fires_alone(&prometheus, "TargetMissing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_provider_is_told() {
    let stub = ProviderStub::start().await;
    let url = stub.openai_url();
    let settings = [
        ("GEMINI_MOCK_MODE", "false"),
        ("AI_PROVIDERS", "openai"),
        ("OPENAI_BASE_URL", url.as_str()),
        ("AI_BREAKER_FAILURES", "2"),
        ("AI_BREAKER_SECONDS", "1"),
    ];
    let site = Site::new(Database::Sqlite.into(), &settings);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    stub.always(Fault::ServerError);
    let question = json!({"storeIds": [store], "question": "What must be done?"});
    let ask = || user.post("/api/chat", &question);

    // The breaker lets a call through each second, which fails.
    meanwhile(ask, fires_alone(&prometheus, "ProviderDown")).await;
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stuck_queue_is_told() {
    let site = Site::new(
        Database::Sqlite.into(),
        &[("JOB_WORKERS_IN_SERVE", "false")],
    );
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    let file = CHECKLIST.to_vec();
    user.upload(store, "checklist.md", "text/markdown", file)
        .await
        .expect(200);

    fires_alone(&prometheus, "JobsStale").await;
    server.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_disagree_are_told() {
    let site = Site::new(Database::Sqlite.into(), &[]);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    server.stop().await;

    // The books are summed up when a process starts, and each minute.
    let state = site.state().await;
    state
        .execute("UPDATE periods SET spent_nanos = spent_nanos + 7")
        .await;
    state.close().await;
    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    fires_alone(&prometheus, "LedgerDrift").await;
    server.kill().await;
}

/// Its lease was taken by a clock that ran ahead: nobody does the duty, and the process that would tell has
/// begun after it was last done.
#[tokio::test(flavor = "multi_thread")]
async fn a_duty_that_nobody_does_is_told() {
    let site = Site::new(Database::Sqlite.into(), &[]);
    site.serve(&[]).await.stop().await;
    let state = site.state().await;
    state
        .execute("DELETE FROM leases WHERE name = 'budgets.expire'")
        .await;
    state
        .execute(
            "INSERT INTO leases (name, holder, until, last_at) VALUES ('budgets.expire', \
             '00000000-0000-0000-0000-000000000009', '2999-01-01T00:00:00+00:00', \
             '2026-01-01T00:00:00+00:00')",
        )
        .await;
    state.close().await;
    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    fires_alone(&prometheus, "SchedulerStalled").await;
    server.kill().await;
}

/// There is an entry for the hold already, so that none can be written when the sweep would end it.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_cannot_be_given_back_is_told() {
    let site = Site::new(Database::Sqlite.into(), &[("HOLD_LEASE_SECONDS", "10")]);
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    server.stop().await;
    let state = site.state().await;
    state
        .execute(
            "UPDATE holds SET state = 'sent', amount_nanos = 0, \
             lease_until = '2026-01-01T00:00:00+00:00'",
        )
        .await;
    state.execute("DELETE FROM leases").await;
    state.close().await;

    let server = site.serve(&[]).await;
    let prometheus = Prometheus::watching(&[&server.base], &scaled::all()).await;

    fires_alone(&prometheus, "ReservationLeak").await;
    server.kill().await;
}
