//! How large the database is, and how far its schema.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};

use super::{Db, DbError, schema};

/// How far the schema is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Migrations {
    pub(crate) applied: Option<String>,
    /// The newest that this program knows.
    pub(crate) newest: String,
    pub(crate) pending: usize,
}

/// The program that keeps the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its name and version, as people say them.
    pub(crate) version: String,
    /// Its clock.
    pub(crate) now: DateTime<Utc>,
}

impl Server {
    /// How far its clock is ahead of ours, when it was read between these two times of ours: as little
    /// as that allows.
    pub(crate) fn ahead(&self, before: DateTime<Utc>, after: DateTime<Utc>) -> TimeDelta {
        let early = (self.now - before).min(TimeDelta::zero());
        let late = (self.now - after).max(TimeDelta::zero());
        early + late
    }
}

/// How a pool of connections is used at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolStanding {
    pub(crate) name: &'static str,
    pub(crate) used: usize,
    pub(crate) idle: usize,
    pub(crate) most: usize,
    /// Who waits for one.
    pub(crate) pending: usize,
}

impl Db {
    /// How readers and writers are used at this moment.
    pub(crate) fn pools(&self) -> [PoolStanding; 2] {
        [self.read().standing(), self.writers.standing()]
    }

    /// Which program it is, and what time it is there.
    pub(crate) async fn server(&self) -> Result<Server, DbError> {
        let question = match self.backend {
            DatabaseBackend::Postgres => {
                "SELECT 'PostgreSQL ' || split_part(version(), ' ', 2) AS version, \
                 CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS millis"
            }
            _ => {
                "SELECT 'SQLite ' || sqlite_version() AS version, \
                 CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS millis"
            }
        };
        let statement = Statement::from_string(self.backend, question);
        let row = self.read().query_one_raw(statement).await?;
        let row = row.ok_or(DbError::Unavailable(None))?;
        let millis: i64 = row.try_get("", "millis")?;
        Ok(Server {
            version: row.try_get("", "version")?,
            now: DateTime::from_timestamp_millis(millis).unwrap_or_default(),
        })
    }

    /// What it is called in OpenTelemetry's conventions.
    pub(crate) fn system_name(&self) -> &'static str {
        system_name(self.backend)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self.backend {
            DatabaseBackend::Postgres => "postgres",
            _ => "sqlite",
        }
    }

    /// Whether processes can tell each other something through it.
    pub(crate) fn carries_messages(&self) -> bool {
        self.backend == DatabaseBackend::Postgres
    }

    /// The size of the database in bytes.
    pub(crate) async fn bytes(&self) -> Result<Option<i64>, DbError> {
        let question = match self.backend {
            DatabaseBackend::Postgres => "SELECT pg_database_size(current_database()) AS bytes",
            _ => {
                "SELECT page_count * page_size AS bytes \
                 FROM pragma_page_count(), pragma_page_size()"
            }
        };
        let statement = Statement::from_string(self.backend, question);
        let row = self.read().query_one_raw(statement).await?;
        Ok(row.map(|row| row.try_get("", "bytes")).transpose()?)
    }

    /// The size of SQLite's write-ahead log in bytes; 0 without one.
    pub(crate) async fn log_bytes(&self) -> u64 {
        let Some(log) = &self.log else { return 0 };
        let found = tokio::fs::metadata(log).await;
        found.map_or(0, |found| found.len())
    }

    /// How far the schema is.
    pub(crate) async fn migrations(&self) -> Result<Migrations, DbError> {
        let known: Vec<String> = Migrator::migrations()
            .iter()
            .map(|migration| migration.name().to_owned())
            .collect();
        let applied = schema::applied(self.read()).await?;
        let pending = known.iter().filter(|name| !applied.contains(*name));
        Ok(Migrations {
            pending: pending.count(),
            applied: applied.last().cloned(),
            newest: known.into_iter().max().unwrap_or_default(),
        })
    }
}

/// Where SQLite keeps the log of this file.
pub(super) fn log_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

/// The name of a database in OpenTelemetry's conventions.
pub(super) fn system_name(backend: DatabaseBackend) -> &'static str {
    match backend {
        DatabaseBackend::Postgres => "postgresql",
        _ => "sqlite",
    }
}
