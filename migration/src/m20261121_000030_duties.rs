//! When duties were last done, so that every process knows it, also after a restart.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // It is not known of a duty that was done before this change until it is done again.
        manager
            .alter_table(
                Table::alter()
                    .table(Alias::new("leases"))
                    .add_column(at_null("last_at"))
                    .to_owned(),
            )
            .await
    }
}
