//! How large the database is, and how far its schema.

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

impl Db {
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
