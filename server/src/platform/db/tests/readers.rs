//! Connections that readers keep are good ones; all others go back to the pool.

use std::time::Duration;

use futures_util::future::join_all;
use pretty_assertions::assert_eq;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::number;
use crate::platform::db::{Readers, testing::for_each_database};

/// Takes long enough to be given up.
pub(super) fn slow(readers: &Readers) -> Statement {
    let backend = readers.get_database_backend();
    let sql = match backend {
        DatabaseBackend::Postgres => {
            "SELECT count(*) FROM generate_series(1, 1000) a, generate_series(1, 1000) b"
        }
        _ => {
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) \
             SELECT count(*) FROM n"
        }
    };
    Statement::from_string(backend, sql)
}

#[tokio::test]
async fn a_read_after_another_has_the_same_connection() {
    for_each_database(async |test| {
        let readers = test.db.read();
        if readers.get_database_backend() != DatabaseBackend::Postgres {
            return;
        }
        let first = number(readers, "SELECT pg_backend_pid()::bigint").await;
        for _ in 0..20 {
            assert_eq!(
                number(readers, "SELECT pg_backend_pid()::bigint").await,
                first
            );
        }
    })
    .await;
}

#[tokio::test]
async fn reads_go_on_after_ones_that_fail_and_ones_that_are_given_up() {
    for_each_database(async |test| {
        let readers = test.db.read();
        let broken = Statement::from_string(readers.get_database_backend(), "SELECT nothing_here");
        // More than there are connections, so that one lost each time would be noticed.
        for _ in 0..6 {
            assert!(readers.query_one_raw(broken.clone()).await.is_err());
            let slow = readers.query_all_raw(slow(readers));
            let given_up = tokio::time::timeout(Duration::from_millis(5), slow).await;
            assert!(given_up.is_err(), "it was not slow");
        }
        let numbers = join_all((0..40).map(|_| number(readers, "SELECT CAST(7 AS BIGINT)"))).await;
        assert_eq!(numbers, [7; 40]);
    })
    .await;
}

#[tokio::test]
async fn closing_waits_for_what_is_read_and_refuses_what_comes_after() {
    for_each_database(async |test| {
        let readers = test.db.read();
        assert_eq!(
            number(readers, "SELECT CAST(7 AS BIGINT)").await,
            7,
            "one is there to begin with"
        );
        let (slow, ()) = tokio::join!(readers.query_all_raw(slow(readers)), test.db.close());
        assert_eq!(slow.expect("a read that had begun").len(), 1);
        let late = Statement::from_string(readers.get_database_backend(), "SELECT 1");
        assert!(readers.query_one_raw(late).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn what_is_dropped_without_a_close_needs_no_runtime() {
    for_each_database(async |test| {
        let other = crate::platform::db::Db::connect(test.settings())
            .await
            .expect("a connection");
        assert_eq!(number(other.read(), "SELECT CAST(7 AS BIGINT)").await, 7);
        std::thread::spawn(move || drop(other))
            .join()
            .expect("dropped quietly");
    })
    .await;
}
