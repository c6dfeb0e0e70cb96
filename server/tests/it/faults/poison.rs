//! A job that takes every worker with it is given up: a poison pill.

use std::os::unix::process::ExitStatusExt;

use pretty_assertions::assert_eq;

use super::program::Site;
use crate::support::{User, client::eventually, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");
/// How many workers a job may cost.
const WORKERS: i64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_three_workers_is_a_dead_letter_and_the_fourth_lives() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[("DEFAULT_MONTHLY_LIMIT_USD", "5")]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Papers").await;
        let file = CHECKLIST.to_vec();
        let upload = user.upload(store, "poison.md", "text/markdown", file.clone());
        let accepted = upload.await.expect(200);

        for number in 0..WORKERS {
            let mut doomed = site.begin("worker", &[("BINNACLE_ABORT_AT", "job-claimed")]);
            let status = doomed.ended().await;
            assert_eq!(status.signal(), Some(6), "worker {number} is killed");
            let ended = "SELECT COUNT(*) FROM jobs WHERE state NOT IN ('running', 'queued')";
            assert_eq!(state.number(ended).await, 0, "not given up after {number}");
            state.leases_run_out().await;
        }
        let survivor = site.work(&[]).await;

        let operation = accepted["op_id"].as_str().expect("an operation");
        let status = user.settled_operation(operation).await;
        assert_eq!(status["status"], "ERROR", "{status}");
        let dead = "SELECT COUNT(*) FROM jobs WHERE state = 'failed' \
                    AND error_class = 'poison_pill' AND rescues = 3 AND attempts = 0";
        assert_eq!(state.number(dead).await, 1);
        let held = "SELECT COUNT(*) FROM holds WHERE state IN ('open', 'sent')";
        eventually(|| async { (state.number(held).await == 0).then_some(()) }).await;
        state.sound().await;
        let claims = "SELECT CAST(MAX(claim) AS BIGINT) FROM jobs";
        assert_eq!(
            state.number(claims).await,
            WORKERS,
            "and never taken up again"
        );

        // The worker that buried it goes on.
        user.indexed(store, "harmless.md", "text/markdown", file)
            .await;
        state.close().await;
        survivor.stop().await;
        server.stop().await;
    })
    .await;
}
