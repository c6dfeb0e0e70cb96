//! `PostgreSQL` that is gone, or whose answer to COMMIT never came.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

use super::*;
use crate::platform::db::{DbError, DbSettings, Target, WriteKey, testing::TestDb};

#[path = "../../../../tests/it/support/link.rs"]
mod link;

use link::Link;

/// What somebody who waits for a database that is gone may wait at the most.
const PATIENCE: Duration = Duration::from_secs(15);

/// A database, and a second way to it that can be cut and has one lane.
async fn through_a_link() -> (TestDb, Link, Db) {
    let test = TestDb::postgres().await;
    let Target::Postgres(url) = &test.settings().target else {
        unreachable!("the database is PostgreSQL");
    };
    let link = Link::to(url.expose_secret()).await;
    let settings = DbSettings {
        target: Target::Postgres(link.url().into()),
        readers: 1,
        writers: 1,
    };
    let db = Db::connect(&settings).await.expect("the link is up");
    test.db
        .write_alone(WriteKey::Free, (), |txn, ()| {
            Box::pin(execute(txn, "CREATE TABLE hits (id BIGINT NOT NULL)"))
        })
        .await
        .expect("a table");
    (test, link, db)
}

async fn hit(db: &Db, id: i64) -> Result<(), DbError> {
    db.write(WriteKey::Free, id, |txn, id| {
        let insert = format!("INSERT INTO hits VALUES ({id})");
        Box::pin(async move { execute(txn, &insert).await })
    })
    .await
}

async fn hits(test: &TestDb) -> i64 {
    number(test.db.read(), "SELECT COUNT(*) FROM hits").await
}

/// Keeps the only lane busy until the gate opens, so that what is written meanwhile is one batch.
async fn occupy(db: &Db, gate: &watch::Sender<bool>) -> JoinSet<Result<(), DbError>> {
    let begun = Arc::new(Notify::new());
    let (db, input) = (db.clone(), (begun.clone(), gate.subscribe()));
    let mut first = JoinSet::new();
    first.spawn(async move {
        db.write(WriteKey::Free, input, |_, (begun, opened)| {
            Box::pin(async move {
                begun.notify_one();
                let _ = opened.clone().wait_for(|opened| *opened).await;
                Ok(())
            })
        })
        .await
    });
    begun.notified().await;
    first
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_commit_was_not_answered_is_not_run_again() {
    let (test, link, db) = through_a_link().await;
    let gate = watch::Sender::new(false);
    let mut first = occupy(&db, &gate).await;
    link.lose_commit_after("INSERT INTO hits");

    let batch = join_all((0..8).map(|id| hit(&db, id)));
    let (answers, _) = tokio::join!(batch, async { gate.send(true) });
    let alone = first.join_next().await.expect("the first ends");
    alone.expect("it ends").expect("it was alone");

    assert_eq!(link.lost(), 1);
    for answer in answers {
        let error = answer.expect_err("nobody knows what became of it");
        assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(hits(&test).await, 8, "each is there once");
    hit(&db, 8).await.expect("the door still works");
    assert_eq!(hits(&test).await, 9);
    db.close().await;
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_to_write_when_the_database_is_gone_is_told_so_in_time() {
    let (test, link, db) = through_a_link().await;
    link.down();

    let waiting = join_all((0..64).map(|id| hit(&db, id)));
    let answers = tokio::time::timeout(PATIENCE, waiting).await;

    for answer in answers.expect("everybody was told in time") {
        let error = answer.expect_err("the database is gone");
        assert!(matches!(error, DbError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(hits(&test).await, 0);
    db.close().await;
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waited_too_long_for_a_lane_is_not_written_later() {
    let (test, _link, db) = through_a_link().await;
    let gate = watch::Sender::new(false);
    let mut first = occupy(&db, &gate).await;

    let error = hit(&db, 1).await.expect_err("the lane is not free in time");
    assert!(matches!(error, DbError::Unavailable(None)), "{error:?}");
    gate.send_replace(true);
    let _ = first.join_next().await.expect("the first ends");

    hit(&db, 2).await.expect("the door still works");
    assert_eq!(hits(&test).await, 1);
    db.close().await;
    test.finish().await;
}
