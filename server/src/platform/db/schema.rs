//! The schema's version: brought forward under a lock, refused when it is newer than the program.

use std::collections::BTreeSet;

use super::DbError;
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

/// How the schema compares with this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SchemaState {
    /// At this program's version.
    Current,
    /// So many migrations behind.
    Behind(usize),
    /// Holds a migration that this program does not know.
    Newer(String),
}

/// An arbitrary number that every Binnacle process agrees on.
const MIGRATION_LOCK: i64 = 0x0062_696e_6e61_636c;

/// For the migrator's transaction alone: another one may hold the lock, or a change walk a large
/// table, for longer than any other statement may take.
const PATIENCE: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Brings the schema forward, in one transaction, and tells how many migrations that took. On
/// PostgreSQL two runs at once would fail on the server's own catalogue, so a lock is held that ends
/// with the transaction; what is missing is counted under it.
pub(super) async fn migrate(connection: &DatabaseConnection) -> Result<usize, DbError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let txn = connection.begin_with_options(options).await?;
    if connection.get_database_backend() == DatabaseBackend::Postgres {
        txn.execute_unprepared(PATIENCE).await?;
        txn.execute_raw(Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [MIGRATION_LOCK.into()],
        ))
        .await?;
    }
    let applied = match state(&txn).await? {
        SchemaState::Current => 0,
        SchemaState::Newer(newest) => return Err(DbError::SchemaTooNew { newest }),
        SchemaState::Behind(count) => {
            for _ in 0..count {
                Migrator::up(&txn, Some(1)).await?;
                fail::fail_point!("migration-applied");
            }
            count
        }
    };
    txn.commit().await?;
    Ok(applied)
}

/// The migrations that this program has.
pub(crate) fn known_migrations() -> BTreeSet<String> {
    Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect()
}

pub(super) async fn state(connection: &impl ConnectionTrait) -> Result<SchemaState, DbError> {
    let known = known_migrations();
    let applied = applied(connection).await?;
    if let Some(newest) = applied.difference(&known).last() {
        return Ok(SchemaState::Newer(newest.clone()));
    }
    Ok(match known.len() - applied.len() {
        0 => SchemaState::Current,
        behind => SchemaState::Behind(behind),
    })
}

pub(super) async fn applied(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DatabaseBackend::Postgres => {
            "SELECT 1 AS yes FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'seaql_migrations'"
        }
        _ => {
            "SELECT 1 AS yes FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        }
    };
    if connection
        .query_one_raw(Statement::from_string(backend, exists))
        .await?
        .is_none()
    {
        return Ok(BTreeSet::new());
    }
    connection
        .query_all_raw(Statement::from_string(
            backend,
            "SELECT version FROM seaql_migrations",
        ))
        .await?
        .iter()
        .map(|row| row.try_get("", "version"))
        .collect()
}
