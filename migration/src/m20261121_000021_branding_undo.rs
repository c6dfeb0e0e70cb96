//! A setting of the branding remembers what it was before, so that the change can be taken back:
//! the audit log holds long values by their checksums alone.

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
                    .table(Alias::new("app_settings"))
                    .add_column(text_null("previous"))
                    .to_owned(),
            )
            .await
    }
}
