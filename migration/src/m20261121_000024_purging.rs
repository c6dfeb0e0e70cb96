//! A document whose removal for good has begun is marked as such: it cannot be brought back.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table(Alias::new("documents"))
                    .add_column(at_null("purging_at"))
                    .to_owned(),
            )
            .await
    }
}
