//! The stores of record: SQLite or PostgreSQL behind one door for writing and a pool for reading.
//!
//! Reads use [`Db::read`] and never wait for a writer. Every write passes [`Db::write`], where a
//! writer gathers what is waiting into one transaction and answers after its commit. Nobody else
//! begins a transaction.

mod connect;
mod error;
mod member;
mod observer;
mod readers;
mod reads;
mod schema;
mod snapshot;
mod standing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

pub(crate) use connect::{DbSettings, Target};
pub(crate) use error::DbError;
pub(crate) use observer::DbObserver;
pub(crate) use readers::Readers;
pub(crate) use schema::{SchemaState, known_migrations};
pub(crate) use snapshot::snapshot;
pub(crate) use standing::Migrations;
pub(crate) use transaction::{Change, Entity, Txn};
pub(crate) use writer::WriteKey;

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
pub(crate) use sea_orm::DbErr;
use sea_orm::{ConnectionTrait as _, DatabaseBackend, DatabaseConnection};
use tokio::sync::broadcast;
use tracing::{Instrument as _, field::Empty};

use super::{tasks::Tasks, telemetry::traces};
use observer::Observed;
use standing::system_name;
use writer::Writers;

/// Handles on the database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Db {
    backend: DatabaseBackend,
    read: Arc<Readers>,
    write: DatabaseConnection,
    writers: Arc<Writers>,
    changes: broadcast::Sender<Change>,
    observed: Observed,
    /// SQLite's write-ahead log.
    log: Option<PathBuf>,
    /// The writers' own: they stop after everything that may still have to write.
    tasks: Tasks,
}

/// How many changes a slow follower may fall behind before it is told that it lost some.
const CHANGES_KEPT: usize = 4_096;
/// How long the writers may take for what is still waiting, and the pools to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

impl Db {
    /// Connects, checks the version of SQLite, and starts the writer tasks.
    pub(crate) async fn connect(settings: &DbSettings) -> Result<Self, DbError> {
        let observed = Observed::default();
        let (read, write) = connect::connect(settings, &observed).await?;
        let tasks = Tasks::default();
        let changes = broadcast::Sender::new(CHANGES_KEPT);
        let (lanes, log) = match &settings.target {
            Target::Sqlite(path) => (1, Some(standing::log_of(path))),
            Target::Postgres(_) => (settings.writers, None),
        };
        Ok(Self {
            backend: read.get_database_backend(),
            writers: Arc::new(Writers::start(&write, lanes, &changes, &observed, &tasks)),
            read: Arc::new(read),
            write,
            changes,
            observed,
            log,
            tasks,
        })
    }

    /// Tells `observer` of every transaction from now on; a second observer is not told.
    pub(crate) fn observed_by(&self, observer: Arc<dyn DbObserver>) {
        self.observed.by(observer);
    }

    /// The pool of readers. On SQLite it refuses to write.
    pub(crate) fn read(&self) -> &Readers {
        &self.read
    }

    /// Which database this is; only full-text search and row locks may ask.
    pub(crate) fn backend(&self) -> DatabaseBackend {
        self.backend
    }

    /// Follows what commits, in commit order of each writer.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    /// Runs `work` on `input` inside a transaction shared with whoever else is waiting, and
    /// answers after its commit.
    ///
    /// `work` must have no effect but on the transaction: when another member of the batch fails,
    /// the batch is rolled back and each member runs again, alone. A refusal ("no budget") is a
    /// value of `T`, not an error.
    pub(crate) async fn write<I, T, W>(
        &self,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<T, DbError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        self.traced(self.writers.run(key, false, input, work)).await
    }

    /// As [`Db::write`], in a transaction of its own: for bulk rows, at most 200 a call.
    pub(crate) async fn write_alone<I, T, W>(
        &self,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<T, DbError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        self.traced(self.writers.run(key, true, input, work)).await
    }

    /// Runs a write, from the wait for its turn to its commit, in a span.
    async fn traced<T>(
        &self,
        write: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        let span = tracing::info_span!(
            target: traces::DETAIL,
            "write",
            "otel.kind" = "client",
            "otel.status_code" = Empty,
            "db.system.name" = system_name(self.backend),
            "db.operation.name" = "transaction",
        );
        let outcome = write.instrument(span.clone()).await;
        if outcome.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        outcome
    }

    /// Brings the schema to this program's version and tells how many migrations that took; several
    /// processes may ask at once.
    pub(crate) async fn migrate(&self) -> Result<usize, DbError> {
        schema::migrate(&self.write).await
    }

    /// The migrations that the schema has.
    pub(crate) async fn applied_migrations(&self) -> Result<Vec<String>, DbError> {
        let applied = schema::applied(&*self.read).await?;
        Ok(applied.into_iter().collect())
    }

    /// Compares the schema with this program's.
    pub(crate) async fn schema_state(&self) -> Result<SchemaState, DbError> {
        schema::state(&*self.read).await
    }

    /// Whether a write would be accepted now: the database answers and is not read-only.
    pub(crate) async fn writable(&self) -> bool {
        connect::writable(&self.write).await
    }

    /// Writes what is still waiting and closes the pools; call when nobody writes any more.
    pub(crate) async fn close(&self) {
        self.tasks.stop(CLOSE_TIMEOUT).await;
        // The writer last: SQLite folds the log into the file only through one that may write.
        let close = async {
            for closed in [self.read.close().await, self.write.close_by_ref().await] {
                if let Err(error) = closed {
                    tracing::warn!(%error, "closing the database");
                }
            }
        };
        // A pool waits for whoever tries to connect: with a server that is gone, for minutes.
        if tokio::time::timeout(CLOSE_TIMEOUT, close).await.is_err() {
            tracing::warn!("the database was not there to be closed");
        }
    }
}
