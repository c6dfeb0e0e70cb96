//! The writing door: what a member that panics costs, many writers on one SQLite file, a process that
//! stands still, a database that is gone. The readers: what they keep, and what they give back. What
//! pools tell of those who wait.

mod contention;
mod frozen;
mod outage;
mod panics;
mod pools;
mod readers;

use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::{Db, Txn};

/// Runs a statement without parameters inside a transaction.
async fn execute(txn: &Txn, sql: &str) -> Result<(), DbErr> {
    let statement = Statement::from_string(txn.get_database_backend(), sql);
    txn.execute_raw(statement).await.map(|_| ())
}

/// The only number that a query answers.
async fn number(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.expect("a query");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// A table with one counter for each of `counters` tasks.
async fn counters(db: &Db, counters: usize) {
    db.write_alone(super::WriteKey::Free, counters, |txn, counters| {
        Box::pin(async move {
            execute(
                txn,
                "CREATE TABLE counters (id BIGINT PRIMARY KEY, value BIGINT NOT NULL)",
            )
            .await?;
            for id in 0..*counters {
                execute(txn, &format!("INSERT INTO counters VALUES ({id}, 0)")).await?;
            }
            Ok(())
        })
    })
    .await
    .expect("a table");
}
