//! Many tasks and two processes' worth of connections on one SQLite file: nobody is refused.

use std::time::{Duration, Instant};

use futures_util::future::{join, try_join_all};
use pretty_assertions::assert_eq;
use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{
    super::{Db, DbError, Txn, WriteKey},
    counters, number,
};
use crate::platform::db::testing::TestDb;

const TASKS: i64 = 16;
const WRITES: i64 = 2_000;
/// What the other process writes meanwhile.
const OTHER_WRITES: i64 = 500;

/// Reads, then writes what it read and one more: the transaction that a deferred lock would refuse.
async fn count(txn: &Txn, id: i64) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    let read = Statement::from_sql_and_values(
        backend,
        "SELECT value FROM counters WHERE id = $1",
        [id.into()],
    );
    let row = txn.query_one_raw(read).await?;
    let value: i64 = row
        .ok_or_else(|| DbErr::RecordNotFound(format!("counter {id}")))?
        .try_get_by_index(0)?;
    let write = Statement::from_sql_and_values(
        backend,
        "UPDATE counters SET value = $1 WHERE id = $2",
        [(value + 1).into(), id.into()],
    );
    txn.execute_raw(write).await.map(|_| ())
}

/// Answers the longest wait of one write.
async fn writes(db: &Db, id: i64, times: i64) -> Result<Duration, DbError> {
    let mut longest = Duration::ZERO;
    for _ in 0..times {
        let begun = Instant::now();
        db.write(WriteKey::Free, id, |txn, id| Box::pin(count(txn, *id)))
            .await?;
        longest = longest.max(begun.elapsed());
    }
    Ok(longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_tasks_and_another_process_write_one_sqlite_file_and_none_is_refused() {
    let test = TestDb::sqlite().await;
    let all = usize::try_from(TASKS + 4).expect("a count");
    counters(&test.db, all).await;
    // Connections of its own, which know of the first ones only through the file, as a `worker`'s.
    let other = Db::connect(test.settings()).await.expect("the same file");

    let ours = try_join_all((0..TASKS).map(|id| writes(&test.db, id, WRITES)));
    let theirs = try_join_all((TASKS..TASKS + 4).map(|id| writes(&other, id, OTHER_WRITES)));
    let (ours, theirs) = join(ours, theirs).await;

    let longest = ours
        .expect("no write of ours is refused")
        .into_iter()
        .chain(theirs.expect("no write of theirs is refused"))
        .max()
        .unwrap_or_default();
    let written = number(
        test.db.read(),
        "SELECT CAST(SUM(value) AS BIGINT) FROM counters",
    )
    .await;
    assert_eq!(written, TASKS * WRITES + 4 * OTHER_WRITES, "none is lost");
    assert!(longest < Duration::from_secs(10), "one waited {longest:?}");
    other.close().await;
    test.finish().await;
}
