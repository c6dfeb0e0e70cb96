//! Opening the pools. SQLite: one writer opened first, readers that cannot write. PostgreSQL:
//! a writer pool with a connection for each lane, and a pool of readers.

use std::{path::PathBuf, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, SqliteConnection};

use super::{
    DbError,
    observer::Observed,
    readers::{Readers, Rest},
};

/// Where the data lives.
#[derive(Clone)]
pub(crate) enum Target {
    /// A file; made when absent.
    Sqlite(PathBuf),
    /// A `postgresql://` URL.
    Postgres(SecretString),
}

/// How to open the database.
#[derive(Clone)]
pub(crate) struct DbSettings {
    pub(crate) target: Target,
    /// Connections for reading.
    pub(crate) readers: u32,
    /// Writer tasks on PostgreSQL; SQLite has one.
    pub(crate) writers: usize,
}

/// SQLite before 3.51.3 can corrupt a WAL file that several connections write and checkpoint.
const MINIMUM_SQLITE: (u32, u32, u32) = (3, 51, 3);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection to PostgreSQL is believed to live without being asked.
const TRUSTED: Duration = Duration::from_secs(5);
/// Connections that are kept by who listens for what other processes do: the queue, and the feed.
const LISTENERS: u32 = 2;
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);
const LIFETIME: Duration = Duration::from_mins(30);
/// Bounds a wait for a row as well: a lock of its own would only give up sooner.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long PostgreSQL lets a transaction wait for its process. One that is frozen would keep its
/// rows locked for as long as it is. Well below [`STATEMENT_TIMEOUT`], so that whoever waits for
/// the rows gets them instead of an error.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn connect(
    settings: &DbSettings,
    observed: &Observed,
) -> Result<(Readers, DatabaseConnection), DbError> {
    match &settings.target {
        Target::Sqlite(path) => {
            let write = Database::connect(sqlite(path, 1, false)?).await?;
            check_sqlite_version(&write).await?;
            let read = Database::connect(sqlite(path, settings.readers, true)?).await?;
            let rest = Rest::FOREVER;
            let read = Readers::new(read, settings.readers, ACQUIRE_TIMEOUT, rest, observed);
            Ok((read, write))
        }
        Target::Postgres(url) => {
            // One spare connection, so that the schema lock and a health check never wait for a lane.
            let lanes = u32::try_from(settings.writers)
                .unwrap_or(u32::MAX)
                .saturating_add(2);
            let write = Database::connect(postgres(url, lanes, 1)).await?;
            let connections = settings.readers.saturating_add(LISTENERS);
            let read = Database::connect(postgres(url, connections, 0)).await?;
            let rest = Rest {
                trusted: TRUSTED,
                kept: IDLE_TIMEOUT,
                lifetime: LIFETIME,
            };
            let read = Readers::new(read, settings.readers, ACQUIRE_TIMEOUT, rest, observed);
            Ok((read, write))
        }
    }
}

pub(super) fn sqlite(
    path: &std::path::Path,
    connections: u32,
    read_only: bool,
) -> Result<ConnectOptions, DbError> {
    let path = path.to_str().ok_or(DbError::PathNotUtf8)?;
    let mode = if read_only { "ro" } else { "rwc" };
    let mut options = ConnectOptions::new(format!("sqlite://{path}?mode={mode}"));
    options
        .max_connections(connections)
        // Readers keep what they have; a pool that must keep some too needs a task whenever it is
        // given one back, even when there is no runtime any more.
        .min_connections(u32::from(!read_only))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_pool_opts(|pool| {
            pool.after_release(|connection, _| Box::pin(has_ended_its_transaction(connection)))
        })
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                .synchronous(SqliteSynchronous::Full)
                .statement_cache_capacity(256)
                .pragma("temp_store", "memory")
                .pragma("cache_size", "-16000")
                // What is deleted is overwritten: an erased user must not be read from free pages.
                .pragma("secure_delete", "on")
                .optimize_on_close(!read_only, None);
            if read_only {
                sqlite.pragma("query_only", "on")
            } else {
                sqlite.journal_mode(SqliteJournalMode::Wal)
            }
        });
    Ok(options)
}

/// SQLite rolls back by itself when the disk is full. The driver's own ROLLBACK then fails, and it
/// believes for ever to be inside that transaction: what it took for commits afterwards would not be
/// any. Such a connection is closed and another is opened.
async fn has_ended_its_transaction(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // What a dropped transaction has queued comes before the answer.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

fn postgres(url: &SecretString, connections: u32, at_least: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url.expose_secret());
    options
        .max_connections(connections)
        .min_connections(at_least)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(LIFETIME)
        .test_before_acquire_if_idle_for(TRUSTED)
        .set_application_name("binnacle")
        .statement_timeout(STATEMENT_TIMEOUT)
        .map_sqlx_postgres_opts(|postgres| {
            let idle = IDLE_IN_TRANSACTION_TIMEOUT.as_millis();
            postgres.options([("idle_in_transaction_session_timeout", idle)])
        })
        .sqlx_logging(false);
    options
}

async fn check_sqlite_version(connection: &DatabaseConnection) -> Result<(), DbError> {
    let row = connection
        .query_one_raw(Statement::from_string(
            DatabaseBackend::Sqlite,
            "SELECT sqlite_version() AS version",
        ))
        .await?;
    let version: String = row
        .map(|row| row.try_get("", "version"))
        .transpose()?
        .unwrap_or_default();
    let mut numbers = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (
        numbers.next().unwrap_or(0),
        numbers.next().unwrap_or(0),
        numbers.next().unwrap_or(0),
    );
    if found < MINIMUM_SQLITE {
        return Err(DbError::SqliteTooOld { found: version });
    }
    Ok(())
}

/// PostgreSQL may have been demoted to a read-only standby while `SELECT 1` still succeeds.
pub(super) async fn writable(connection: &DatabaseConnection) -> bool {
    let backend = connection.get_database_backend();
    let question = match backend {
        DatabaseBackend::Postgres => {
            "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS yes"
        }
        // Takes no lock, so that a busy writer is not mistaken for a broken one.
        _ => "SELECT count(*) >= 0 AS yes FROM sqlite_master",
    };
    match connection
        .query_one_raw(Statement::from_string(backend, question))
        .await
    {
        Ok(Some(row)) => row.try_get("", "yes").unwrap_or(false),
        Ok(None) | Err(_) => false,
    }
}
