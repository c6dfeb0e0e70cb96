//! Old jobs in the order of their last change: the index tells how old a job is, so that the younger
//! ones before them are passed over without being read.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                "DROP INDEX jobs_changed",
                "CREATE INDEX jobs_changed ON jobs (updated_at, number, created_at)",
            ],
        )
        .await
    }
}
