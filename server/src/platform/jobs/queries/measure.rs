//! A table that has seen a lot.

use chrono::{DateTime, Utc};
use entities::{JobId, jobs::job};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, QuerySelect, Statement};

use crate::platform::db::Txn;

/// Whether there is any job.
pub(in super::super) async fn any_job(read: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let first: Option<JobId> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .limit(1)
        .into_tuple()
        .one(read)
        .await?;
    Ok(first.is_some())
}

/// Adds finished jobs of 64 users and several kinds, without logs.
pub(in super::super) async fn fill(txn: &Txn, count: u64, now: DateTime<Utc>) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    let (numbers, id) = match backend {
        DatabaseBackend::Postgres => (
            "SELECT generate_series AS n FROM generate_series(1, $2)",
            "gen_random_uuid()",
        ),
        _ => (
            "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < $2) \
             SELECT n FROM up",
            "randomblob(16)",
        ),
    };
    let sql = format!(
        "INSERT INTO jobs (id, kind, user_id, parameters, state, priority, run_at, claim, \
           attempts, max_attempts, rescues, progress, created_at, started_at, leased_at, \
           finished_at, updated_at, rev) \
         SELECT {id}, CASE n % 4 WHEN 0 THEN 'index_document' WHEN 1 THEN 'purge_document' \
           WHEN 2 THEN 'no_op' ELSE 'export' END, 1 + n % 64, {parameters}, \
           CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END, 100, $1, 1, 0, 5, 0, 1.0, \
           $1, $1, $1, $1, $1, 2 FROM ({numbers}) AS numbers",
        parameters = match backend {
            DatabaseBackend::Postgres => "'null'::jsonb",
            _ => "'null'",
        },
    );
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let values = [now.into(), count.into()];
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}

/// Tells PostgreSQL what there is. In a house its own service has done so long before there are so
/// many; without it the first plans are those for an empty table.
pub(in super::super) async fn analyze(txn: &Txn) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        txn.execute_unprepared("ANALYZE jobs").await?;
    }
    Ok(())
}
