//! SQLite gave the number of a deleted job to the next one, when it had been the newest. From here
//! on numbers are counted where SQLite keeps those of its own counting keys, which never fall.
//! PostgreSQL counts by a sequence already.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DatabaseBackend::Postgres {
            return Ok(());
        }
        run(
            manager,
            &[
                "DROP TRIGGER jobs_get_their_number",
                "INSERT INTO sqlite_sequence (name, seq) \
                 SELECT 'jobs', COALESCE(MAX(number), 0) FROM jobs",
                "CREATE TRIGGER jobs_get_their_number AFTER INSERT ON jobs BEGIN \
                 UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'jobs'; \
                 UPDATE jobs SET number = \
                 (SELECT seq FROM sqlite_sequence WHERE name = 'jobs') \
                 WHERE rowid = NEW.rowid; END",
            ],
        )
        .await
    }
}
