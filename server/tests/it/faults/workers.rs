//! Several processes on one database: one is killed, one is frozen past its lease, two share one
//! SQLite file.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use pretty_assertions::assert_eq;

use super::{
    crash::long_document,
    program::{Program, Site},
    state::State,
};
use crate::support::{Database, User, client::eventually, on_each_database};

const DOCUMENTS: usize = 20;

async fn upload_many(user: &User, store: i64, count: usize, sections: usize) {
    let file = long_document(sections);
    let uploads = (0..count).map(|number| {
        let file = file.clone();
        async move {
            let name = format!("harbour-{number}.md");
            user.upload(store, &name, "text/markdown", file)
                .await
                .expect(200)
        }
    });
    join_all(uploads).await;
}

/// Whether this process runs a job now.
async fn running(state: &State, program: &Program) -> Option<()> {
    let sql = format!(
        "SELECT COUNT(*) FROM jobs j JOIN processes p ON p.id = j.process_id \
         WHERE j.state = 'running' AND p.pid = {}",
        program.pid()
    );
    (state.number(&sql).await > 0).then_some(())
}

async fn all_done(state: &State, documents: usize) {
    state.at_rest().await;
    let done = state
        .number("SELECT COUNT(*) FROM documents WHERE status = 'DONE'")
        .await;
    let succeeded = state
        .number("SELECT COUNT(*) FROM job_events WHERE event = 'succeeded'")
        .await;
    let expected = i64::try_from(documents).expect("a count");
    assert_eq!((done, succeeded), (expected, expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_jobs_are_done_once_by_the_others() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let doomed = site.work(&[]).await;
        let other = site.work(&[]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Harbour").await;

        let killing = async {
            eventually(|| running(&state, &doomed)).await;
            doomed.kill().await;
        };
        tokio::join!(killing, upload_many(&user, store, DOCUMENTS, 20));

        all_done(&state, DOCUMENTS).await;
        let errors = state
            .number("SELECT CAST(SUM(attempts) AS BIGINT) FROM jobs")
            .await;
        assert_eq!(errors, 0, "a lost worker is no error of a job");
        state.close().await;
        other.stop().await;
        server.stop().await;
    })
    .await;
}

/// Jobs that run in the process that is killed.
const RUNNING: i64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_running_jobs_of_a_killed_worker_are_each_finished_once() {
    on_each_database(|database| async move {
        // On a busy machine the other worker may be late for a short lease, and lose it too.
        let site = Site::new(
            database,
            &[("JOB_CONCURRENCY", "128"), ("JOB_LEASE_SECONDS", "5")],
        );
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let doomed = site.work(&[]).await;
        let state = site.state().await;
        state.add_drills(RUNNING, 4_000).await;
        let taken = format!(
            "SELECT COUNT(*) FROM jobs j JOIN processes p ON p.id = j.process_id \
             WHERE j.state = 'running' AND p.pid = {}",
            doomed.pid()
        );
        eventually(|| async { (state.number(&taken).await == RUNNING).then_some(()) }).await;
        let other = site.work(&[]).await;
        doomed.kill().await;
        assert_eq!(state.number(&taken).await, RUNNING, "none had ended");

        state.at_rest().await;
        for (what, sql) in [
            (
                "jobs done",
                "SELECT COUNT(*) FROM jobs WHERE state = 'succeeded'",
            ),
            (
                "jobs rescued, without an error",
                "SELECT COUNT(*) FROM jobs WHERE rescues >= 1 AND attempts = 0",
            ),
            (
                "ends",
                "SELECT COUNT(*) FROM job_events WHERE event = 'succeeded'",
            ),
            (
                "effects, one for each",
                "SELECT COUNT(DISTINCT target_id) FROM audit_log WHERE action = 'drill'",
            ),
            (
                "effects",
                "SELECT COUNT(*) FROM audit_log WHERE action = 'drill'",
            ),
        ] {
            assert_eq!(state.number(sql).await, RUNNING, "{what}");
        }
        state.close().await;
        other.stop().await;
        server.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_frozen_past_its_lease_is_fenced() {
    on_each_database(|database| async move {
        let site = Site::new(database, &[]);
        let server = site.serve(&[("JOB_WORKERS_IN_SERVE", "false")]).await;
        let frozen = site.work(&[]).await;
        let state = site.state().await;
        let user = User::register(server.base.clone(), "ada@example.org").await;
        let store = user.store("Harbour").await;
        upload_many(&user, store, 3, 1_500).await;
        freeze_at_work(&state, &frozen).await;

        let other = site.work(&[]).await;
        let taken_over = "SELECT COUNT(*) FROM job_events WHERE event = 'rescued'";
        eventually(|| async { (state.number(taken_over).await > 0).then_some(()) }).await;
        all_done(&state, 3).await;
        frozen.signal(Signal::SIGCONT);

        frozen
            .logged("fenced", |line| line["event"] == "job_run_fenced")
            .await;
        all_done(&state, 3).await;
        state.close().await;
        frozen.stop().await;
        other.stop().await;
        server.stop().await;
    })
    .await;
}

/// Stops a process with SIGSTOP in the middle of a job, and not inside a transaction, whose locks
/// would stay as long as it does.
async fn freeze_at_work(state: &State, program: &Program) {
    let touch = || {
        let touched = state.execute(
            "UPDATE jobs SET rev = rev; UPDATE periods SET rev = rev; \
             UPDATE documents SET rev = rev",
        );
        tokio::time::timeout(Duration::from_millis(500), touched)
    };
    eventually(|| async {
        running(state, program).await?;
        program.signal(Signal::SIGSTOP);
        let caught = touch().await.is_ok() && running(state, program).await.is_some();
        if !caught {
            program.signal(Signal::SIGCONT);
        }
        caught.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_and_a_worker_share_one_sqlite_file_under_load() {
    let site = Site::new(Arc::new(Database::Sqlite), &[]);
    let server = site.serve(&[]).await;
    let worker = site.work(&[]).await;
    let state = site.state().await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Harbour").await;
    user.indexed(store, "first.md", "text/markdown", long_document(5))
        .await;

    let asking = join_all((0..16).map(|_| async {
        for _ in 0..5 {
            let answer = user.ask(store, "How deep is berth 3 of the harbour?").await;
            assert!(
                answer.done && answer.error().is_none(),
                "{:?}",
                answer.frames
            );
        }
    }));
    tokio::join!(asking, upload_many(&user, store, DOCUMENTS, 5));

    all_done(&state, DOCUMENTS + 1).await;
    let answers = state
        .number("SELECT COUNT(*) FROM messages WHERE role = 'assistant' AND state = 'complete'")
        .await;
    let paid = state
        .number("SELECT COUNT(*) FROM ledger WHERE kind = 'chat'")
        .await;
    assert_eq!((answers, paid), (80, 80));
    state.close().await;
    worker.stop().await;
    server.stop().await;
}
