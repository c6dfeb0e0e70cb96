//! The process that brings the schema forward is killed on the way; the next one finishes the work.

use std::os::unix::process::ExitStatusExt;

use nix::sys::signal::Signal;
use pretty_assertions::assert_eq;
use sqlx::{Connection, Executor, PgConnection};

use super::{
    health::{WELL, comes_to_tell},
    program::Site,
    state::State,
};
use crate::support::{Database, User, client::eventually, free_port, on_each_database};

const CHECKLIST: &[u8] = include_bytes!("../../../../docs/samples/release-checklist.md");

/// The next process finishes the work, and then does its own.
async fn the_next_one_serves(site: &Site) {
    let server = site.serve(&[]).await;
    let user = User::register(server.base.clone(), "ada@example.org").await;
    let store = user.store("Papers").await;
    let file = CHECKLIST.to_vec();
    user.indexed(store, "checklist.md", "text/markdown", file)
        .await;
    let answer = user.ask(store, "What must be done before a release?").await;
    assert!(
        answer.done && answer.error().is_none(),
        "{:?}",
        answer.frames
    );
    assert!(!answer.sources().is_empty());
    let state = site.state().await;
    state.at_rest().await;
    let applied = state
        .words("SELECT version FROM seaql_migrations ORDER BY version")
        .await;
    let mut once = applied.clone();
    once.dedup();
    assert!(applied.len() >= 7, "{applied:?}");
    assert_eq!(applied, once);
    state.close().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_between_two_migrations_leaves_none() {
    on_each_database(|database| async move {
        let site = Site::new(database.clone(), &[]);
        let mut doomed = site.begin("migrate", &[("BINNACLE_ABORT_AT", "migration-applied")]);
        let status = doomed.ended().await;
        assert_eq!(status.signal(), Some(6), "it dies where it was told");
        let state = site.state().await;
        state.intact().await;
        let tables = match state {
            State::Postgres(_) => "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'users'",
            State::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'users'",
        };
        assert_eq!(state.number(tables).await, 0, "all of them or none");
        state.close().await;
        the_next_one_serves(&site).await;
    })
    .await;
}

/// A table that a migration is about to make, made and not committed by somebody else: the migration
/// has to wait in the middle of its work.
async fn block(database: &Database) -> PgConnection {
    let url = database.url().expect("PostgreSQL");
    let mut connection = PgConnection::connect(&url).await.expect("PostgreSQL");
    let table = "BEGIN; CREATE TABLE chat_sessions (id BIGINT PRIMARY KEY)";
    connection.execute(table).await.expect("a table");
    connection
}

async fn waits_for_the_table(state: &State) {
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock' AND query ILIKE 'create table%chat_sessions%'";
    eventually(|| async { (state.number(waiting).await > 0).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_inside_a_migration_leaves_nothing_of_it() {
    on_each_database(|database| async move {
        // SQLite lets nobody in between.
        if database.url().is_none() {
            return;
        }
        let site = Site::new(database.clone(), &[]);
        let mut obstacle = block(&database).await;
        let mut doomed = site.begin("serve", &[]);
        let state = site.state().await;
        waits_for_the_table(&state).await;

        doomed.signal(Signal::SIGKILL);
        doomed.ended().await;
        obstacle.execute("ROLLBACK").await.expect("the end");

        // The server notices that the client is gone, and lets go of its lock.
        let tables = "SELECT COUNT(*) FROM pg_tables WHERE tablename = 'chat_sessions'";
        eventually(|| async { (state.number(tables).await == 0).then_some(()) }).await;
        state.close().await;
        the_next_one_serves(&site).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_while_migrations_run() {
    let database = std::sync::Arc::new(Database::postgres().await);
    let (public, machines) = (free_port(), free_port());
    let settings = [
        ("PORT", &*public.to_string()),
        ("METRICS_BIND", &*format!("127.0.0.1:{machines}")),
    ];
    let site = Site::new(database.clone(), &settings);
    let mut obstacle = block(&database).await;
    let server = site.begin("serve", &[]);
    let worker = site.begin("worker", &[("METRICS_BIND", "")]);
    let state = site.state().await;
    waits_for_the_table(&state).await;

    for port in [public, machines] {
        let refused = std::net::TcpStream::connect(("127.0.0.1", port));
        assert!(refused.is_err(), "port {port}");
    }
    assert_eq!(worker.count_logged(|line| line["event"] == "working"), 0);

    obstacle.execute("ROLLBACK").await.expect("the end");
    server
        .logged("listening", |line| line["event"] == "listening")
        .await;
    for port in [public, machines] {
        let user = User::anonymous(format!("http://127.0.0.1:{port}"));
        comes_to_tell(&user, WELL).await;
    }
    worker
        .logged("working", |line| line["event"] == "working")
        .await;
    state.close().await;
    worker.stop().await;
    server.stop().await;
    database.drop_it().await;
}
