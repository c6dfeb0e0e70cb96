//! The table of processes.

use entities::{ProcessKind, jobs::process};

use super::*;
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn processes_come_fall_silent_come_back_and_stop() {
    for_each_database(async |test: TestDb| {
        let clock = ManualClock::starting_at(noon());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let entropy = Entropy::from_seed(1);
        let register = async |kind| {
            let (clock, among) = (Arc::clone(&time), (kind, Place::Among));
            let process = Process::register(&test.db, clock, &entropy, among).await;
            process.expect("an answer").expect("a row")
        };
        let running = async || {
            let rows = Process::running(&test.db).await.expect("rows");
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        let serve = register(ProcessKind::Serve).await;
        clock.advance(TimeDelta::seconds(1));
        let worker = register(ProcessKind::Worker).await;
        assert_eq!(running().await, [serve.id(), worker.id()]);

        clock.advance(TimeDelta::seconds(50));
        serve.beat().await.expect("a beat");
        clock.advance(TimeDelta::seconds(20));
        let silent = Process::stop_silent(&test.db, &clock).await;
        assert_eq!(silent.expect("an answer"), 1);
        assert_eq!(running().await, [serve.id()]);
        worker.beat().await.expect("a beat");
        assert_eq!(running().await, [serve.id(), worker.id()]);
        serve.stop().await.expect("a stop");
        assert_eq!(running().await, [worker.id()]);
        let row = Process::running(&test.db).await.expect("rows").remove(0);
        assert_eq!(row.version, env!("CARGO_PKG_VERSION"));
        assert!(!row.host.is_empty());
    })
    .await;
}

/// A server of another machine, last heard of at noon.
async fn elsewhere(test: &TestDb, kind: ProcessKind) {
    let row = process::Model {
        id: uuid::Uuid::from_u128(u128::MAX),
        kind,
        host: "elsewhere".to_owned(),
        pid: 1,
        version: "0.0.0".to_owned(),
        started_at: noon(),
        heartbeat_at: noon(),
        stopped_at: None,
    };
    let insert = test.db.write(WriteKey::Free, row, |txn, row| {
        Box::pin(super::super::queries::processes::insert(txn, row))
    });
    insert.await.expect("a row");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_must_be_alone_is_not_added_beside_a_server_that_may_be_alive() {
    for (kind, seconds, is_added) in [
        (ProcessKind::Serve, 59, false),
        (ProcessKind::Serve, 61, true),
        (ProcessKind::Worker, 1, true),
    ] {
        for_each_database(async |test: TestDb| {
            elsewhere(&test, kind).await;
            let clock = ManualClock::starting_at(noon() + TimeDelta::seconds(seconds));
            let clock: Arc<dyn Clock> = Arc::new(clock);
            let alone = (ProcessKind::Serve, Place::Alone);
            let entropy = Entropy::from_seed(1);
            let added = Process::register(&test.db, clock, &entropy, alone).await;
            let added = added.expect("an answer");
            assert_eq!(added.is_ok(), is_added, "{kind:?} {seconds}");
            let rows = Process::running(&test.db).await.expect("rows");
            assert_eq!(rows.len(), 1 + usize::from(is_added));
        })
        .await;
    }
}
