//! The watchdog starts again what no job works on any more, and lets wait what waits.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::state::State;
use crate::support::{House, on_each_database};

/// Everything that the watchdog could change of the jobs that are not about this document.
async fn jobs_but_of(state: &State, document: i64) -> Vec<String> {
    let sql = format!(
        "SELECT state || ' ' || CAST(run_at AS TEXT) || ' ' || CAST(rev AS TEXT) FROM jobs \
         WHERE subject_id <> {document} ORDER BY id"
    );
    state.words(&sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watchdog_leaves_alone_what_is_queued_backs_off_waits_for_money_or_runs() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let state = State::open(&database, &house.folder.path().join("binnacle.db")).await;
        let store = ada.store("Tides").await;
        for name in ["queued", "backing-off", "poor", "running", "lost"] {
            let text = format!("The tide of {name} turns at four.").into_bytes();
            ada.upload(store, &format!("{name}.txt"), "text/plain", text)
                .await
                .expect(200);
        }
        let about =
            |name: &str| format!("(SELECT id FROM documents WHERE filename = '{name}.txt')");
        let lost = format!("SELECT id FROM documents WHERE id = {}", about("lost"));
        let lost = state.number(&lost).await;
        // Distinct times, so that a change of any shows.
        let later = "'2099-01-01T00:00:00+00:00'";
        for change in [
            "UPDATE documents SET status_updated_at = created_at".to_owned(),
            format!(
                "UPDATE jobs SET attempts = 1, run_at = {later} WHERE subject_id = {}",
                about("backing-off")
            ),
            format!(
                "UPDATE jobs SET state = 'awaiting_budget' WHERE subject_id = {}",
                about("poor")
            ),
            format!(
                "UPDATE jobs SET state = 'running', lease_until = {later} WHERE subject_id = {}",
                about("running")
            ),
            format!("DELETE FROM jobs WHERE subject_id = {lost}"),
        ] {
            state.execute(&change).await;
        }
        let before = jobs_but_of(&state, lost).await;
        assert_eq!(before.len(), 4);

        let path = "/api/admin/watchdog/reset-stuck";
        let reset = admin
            .post(path, &json!({"ttl_minutes": 0}))
            .await
            .expect(200);

        assert_eq!(reset, json!({"reset_count": 1}));
        assert_eq!(jobs_but_of(&state, lost).await, before);
        let queued =
            format!("SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND subject_id = {lost}");
        assert_eq!(state.number(&queued).await, 1);
        let again = admin
            .post(path, &json!({"ttl_minutes": 0}))
            .await
            .expect(200);
        assert_eq!(again, json!({"reset_count": 0}));
        assert_eq!(jobs_but_of(&state, lost).await, before);
        state.close().await;
        house.stop().await;
    })
    .await;
}
