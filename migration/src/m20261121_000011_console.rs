//! What the console needs: a short number for each job, which people can read out and type, and
//! ways to the money of a job and of a month.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The rows that are there already get theirs in the order of their keys, which is that of time.
const POSTGRES: &[&str] = &[
    "ALTER TABLE jobs ADD COLUMN number BIGINT",
    "UPDATE jobs SET number = ordered.place FROM \
     (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM jobs) AS ordered \
     WHERE ordered.id = jobs.id",
    "CREATE SEQUENCE job_numbers OWNED BY jobs.number",
    "SELECT setval('job_numbers', COALESCE((SELECT MAX(number) FROM jobs), 0) + 1, false)",
    "ALTER TABLE jobs ALTER COLUMN number SET DEFAULT nextval('job_numbers')",
    "ALTER TABLE jobs ALTER COLUMN number SET NOT NULL",
    "CREATE UNIQUE INDEX jobs_numbered ON jobs (number)",
];

/// SQLite cannot add a column that counts by itself; it has one writer, so that the next number is
/// one more than the highest.
const SQLITE: &[&str] = &[
    "ALTER TABLE jobs ADD COLUMN number BIGINT",
    "UPDATE jobs SET number = (SELECT COUNT(*) FROM jobs AS older WHERE older.id <= jobs.id)",
    "CREATE UNIQUE INDEX jobs_numbered ON jobs (number)",
    "CREATE TRIGGER jobs_get_their_number AFTER INSERT ON jobs BEGIN \
     UPDATE jobs SET number = (SELECT COALESCE(MAX(number), 0) + 1 FROM jobs) \
     WHERE rowid = NEW.rowid; END",
];

const BOTH: &[&str] = &[
    "CREATE INDEX ledger_by_job ON ledger (job_id) WHERE job_id IS NOT NULL",
    "CREATE INDEX holds_by_job ON holds (job_id) WHERE job_id IS NOT NULL",
    "CREATE INDEX jobs_changed ON jobs (updated_at, number)",
    // Without the sums, which change with every call.
    "CREATE INDEX periods_by_month ON periods (month)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match manager.get_database_backend() {
            DatabaseBackend::Postgres => run(manager, POSTGRES).await?,
            _ => run(manager, SQLITE).await?,
        }
        run(manager, BOTH).await
    }
}
