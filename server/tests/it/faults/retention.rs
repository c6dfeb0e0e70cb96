//! A sweep whose process is killed is gone on with: nothing is counted twice, nothing is left.

use std::sync::Arc;

use pretty_assertions::assert_eq;
use serde_json::Value;

use super::{program::Site, state::State};
use crate::support::{Database, client::eventually, on_each_database};

/// More than two transactions' worth.
const ROWS: i64 = 450;
/// Of one transaction.
const BATCH: i64 = 200;
const KILL: [(&str, &str); 1] = [("BINNACLE_ABORT_AT", "retention-batch")];

/// A migrated house with so many revocations that nobody needs any more.
async fn old_rows(database: Arc<Database>) -> (Site, State) {
    let site = Site::new(database, &[]);
    let migrated = site.run(&["migrate"], &[]).await;
    assert!(migrated.status.success(), "{migrated:?}");
    let state = site.state().await;
    for number in 0..ROWS {
        state
            .execute(&format!(
                "INSERT INTO revocations (key, user_id, expires_at) \
                 VALUES ('k{number}', 7, '2020-01-01 00:00:00+00:00')"
            ))
            .await;
    }
    (site, state)
}

async fn left(state: &State) -> i64 {
    state.number("SELECT COUNT(*) FROM revocations").await
}

/// What runs of the class have put on record.
async fn on_record(state: &State, outcome: &str) -> i64 {
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(rows_deleted), 0) AS BIGINT) FROM retention_runs \
         WHERE class = 'sessions' AND outcome = '{outcome}'"
    );
    state.number(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_command_is_gone_on_with_by_the_next() {
    on_each_database(|database| async move {
        let (site, state) = old_rows(database).await;
        let preview = site.run(&["retention", "--dry-run", "--json"], &[]).await;
        let preview: Value = serde_json::from_slice(&preview.stdout).expect("JSON");
        assert_eq!(
            (&preview["rows"], &preview["users"]),
            (&ROWS.into(), &1.into())
        );
        assert_eq!(left(&state).await, ROWS, "a dry run deletes nothing");

        let killed = site.run(&["retention"], &KILL).await;
        assert!(!killed.status.success());
        assert_eq!(left(&state).await, ROWS - BATCH);
        assert_eq!(on_record(&state, "running").await, BATCH);

        let next = site.run(&["retention", "--json"], &[]).await;
        assert!(next.status.success(), "{next:?}");
        assert_eq!(left(&state).await, 0);
        assert_eq!(on_record(&state, "ok").await, ROWS - BATCH);
        state.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_sweep_is_finished_by_another_on_the_same_record() {
    on_each_database(|database| async move {
        let (site, state) = old_rows(database).await;
        // The night has come.
        state
            .execute(
                "INSERT INTO leases (name, holder, until) VALUES ('retention.sweep', \
                 '00000000-0000-0000-0000-000000000000', '2020-01-01 00:00:00+00:00')",
            )
            .await;
        let mut doomed = site.begin("worker", &KILL);
        assert!(!doomed.ended().await.success());
        assert_eq!(left(&state).await, ROWS - BATCH);

        let other = site.work(&[]).await;
        let done = || async { (on_record(&state, "ok").await == ROWS).then_some(()) };
        eventually(done).await;
        assert_eq!(left(&state).await, 0);
        let runs = "SELECT COUNT(*) FROM retention_runs WHERE class = 'sessions'";
        assert_eq!(state.number(runs).await, 1, "one record, gone on with");
        let jobs = "SELECT COUNT(*) FROM jobs WHERE kind = 'retention_run'";
        assert_eq!(state.number(jobs).await, 1);
        other.stop().await;
        state.close().await;
    })
    .await;
}
