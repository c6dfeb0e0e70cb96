//! Lists of jobs at a million: what is asked of one state or kind is walked in the order of the last
//! change, failures by themselves, those not replayed by their kind alone, and the order of the ends whether or not a job has one.

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
                "DROP INDEX jobs_by_state",
                "CREATE INDEX jobs_by_state ON jobs (state, updated_at, number)",
                "DROP INDEX jobs_by_kind",
                "CREATE INDEX jobs_by_kind ON jobs (kind, updated_at, number)",
                "DROP INDEX jobs_dead",
                "CREATE INDEX jobs_dead ON jobs (kind, state, replayed_by) \
                 WHERE state = 'failed' AND replayed_by IS NULL",
                "CREATE INDEX jobs_with_error ON jobs (updated_at, number) WHERE error_class IS NOT NULL",
                "CREATE INDEX jobs_ended ON jobs \
                 (COALESCE(finished_at, '1970-01-01T00:00:00+00:00'), number)",
            ],
        )
        .await
    }
}
