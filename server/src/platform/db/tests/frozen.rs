//! A process that stands still inside a transaction, and several that migrate at once.

use std::sync::Arc;

use futures_util::future::join_all;
use migration::{Migrator, MigratorTrait};
use tokio::sync::Notify;

use super::*;
use crate::platform::db::{DbError, SchemaState, WriteKey, testing::TestDb};

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_to_postgresql_gives_up_on_a_frozen_process() {
    let test = TestDb::postgres().await;
    for (name, expected) in [
        ("idle_in_transaction_session_timeout", "10s"),
        ("statement_timeout", "30s"),
    ] {
        let show = Statement::from_string(test.db.backend(), format!("SHOW {name}"));
        let answers = [
            test.db.read.query_one_raw(show.clone()).await,
            test.db.write.query_one_raw(show).await,
        ];
        for row in answers {
            let row = row.expect("a setting");
            let value: String = row.expect("a row").try_get_by_index(0).expect("a text");
            assert_eq!(value, expected, "{name}");
        }
    }
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_frozen_in_a_transaction_loses_its_locks_and_writes_again_later() {
    let test = TestDb::postgres().await;
    counters(&test.db, 1).await;
    let other = Db::connect(test.settings()).await.expect("another process");
    let (locked, thawed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));

    let frozen = test.db.write_alone(
        WriteKey::Free,
        (locked.clone(), thawed.clone()),
        |txn, (locked, thawed)| {
            Box::pin(async move {
                // The wait that every connection has, shortened for the test.
                execute(
                    txn,
                    "SET LOCAL idle_in_transaction_session_timeout = '50ms'",
                )
                .await?;
                execute(txn, "UPDATE counters SET value = 1").await?;
                locked.notify_one();
                thawed.notified().await;
                execute(txn, "UPDATE counters SET value = 2").await
            })
        },
    );
    let waiting = async {
        locked.notified().await;
        let update = other.write_alone(WriteKey::Free, (), |txn, ()| {
            Box::pin(execute(txn, "UPDATE counters SET value = 3"))
        });
        update.await.expect("the row is free");
        thawed.notify_one();
    };
    let (frozen, ()) = tokio::join!(frozen, waiting);

    let error = frozen.expect_err("its transaction is gone");
    assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    let value = "SELECT value FROM counters";
    assert_eq!(number(test.db.read(), value).await, 3);
    test.db
        .write_alone(WriteKey::Free, (), |txn, ()| {
            Box::pin(execute(txn, "UPDATE counters SET value = 4"))
        })
        .await
        .expect("the door still works");
    assert_eq!(number(test.db.read(), value).await, 4);
    other.close().await;
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_migrators_at_once_one_does_it_and_each_tells_what_it_did() {
    let all = Migrator::migrations().len();
    for test in [TestDb::empty_sqlite().await, TestDb::empty_postgres().await] {
        assert_eq!(
            test.db.schema_state().await.expect("the schema"),
            SchemaState::Behind(all)
        );
        let processes = join_all((0..4).map(|_| Db::connect(test.settings()))).await;
        let processes: Vec<Db> = processes
            .into_iter()
            .map(|process| process.expect("a process"))
            .collect();
        let applied = join_all(processes.iter().map(Db::migrate)).await;
        let mut applied: Vec<usize> = applied
            .into_iter()
            .map(|outcome| outcome.expect("a migrated schema"))
            .collect();
        applied.sort_unstable();
        assert_eq!(applied, [0, 0, 0, all]);
        assert_eq!(test.db.migrate().await.expect("nothing to do"), 0);
        for process in processes {
            process.close().await;
        }
        test.finish().await;
    }
}

/// The walks that retention and the check of the books make often. `SQLite` names the index that it
/// takes; `PostgreSQL` takes none on tables as small as these.
#[tokio::test(flavor = "multi_thread")]
async fn frequent_walks_have_an_index() {
    let test = TestDb::sqlite().await;
    for (index, query) in [
        (
            "messages_by_stream",
            "SELECT * FROM messages WHERE user_id = 1 AND stream_id = x'00' AND role = 'assistant'",
        ),
        (
            "messages_by_user",
            "SELECT id FROM messages WHERE user_id = 1 ORDER BY id LIMIT 200",
        ),
        (
            "messages_by_age",
            "SELECT id FROM messages WHERE created_at < '2026-01-01' AND state <> 'streaming' \
             ORDER BY created_at LIMIT 200",
        ),
        (
            "holds_open_by_period",
            "SELECT SUM(h.amount_nanos) FROM holds h \
             WHERE h.period_id = 1 AND h.state IN ('open','sent')",
        ),
        (
            "holds_open_by_house_period",
            "SELECT SUM(h.amount_nanos) FROM holds h \
             WHERE h.house_period_id = 1 AND h.state IN ('open','sent')",
        ),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {query}");
        let rows = test
            .db
            .read()
            .query_all_raw(Statement::from_string(test.db.backend(), explain))
            .await
            .expect("a plan");
        let plan: Vec<String> = rows
            .iter()
            .map(|row| row.try_get("", "detail").expect("a step"))
            .collect();
        assert!(plan.join("; ").contains(index), "{index}: {plan:?}");
    }
    test.finish().await;
}
