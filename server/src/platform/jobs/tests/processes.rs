//! The table of processes.

use entities::ProcessKind;

use super::*;
use crate::platform::db::testing::for_each_database;

#[tokio::test(flavor = "multi_thread")]
async fn processes_come_fall_silent_come_back_and_stop() {
    for_each_database(async |test: TestDb| {
        let clock = ManualClock::starting_at(noon());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let entropy = Entropy::from_seed(1);
        let register = async |kind| {
            let process = Process::register(&test.db, Arc::clone(&time), &entropy, kind).await;
            process.expect("a row")
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
