//! What is on record: the hash-chained audit log and the branding settings.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        audit_log(manager).await?;
        audit_head(manager).await?;
        app_settings(manager).await?;
        run(
            manager,
            &[
                "INSERT INTO audit_head (id, last_id, last_hash) VALUES (1, 0, '')",
                "CREATE INDEX audit_by_action ON audit_log (action, id)",
            ],
        )
        .await?;
        append_only(manager, "audit_log").await
    }
}

async fn audit_log(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("audit_log"))
                .col(big("id").primary_key())
                .col(at("created_at"))
                .col(big_null("actor_user_id"))
                .col(text("action"))
                .col(text_null("target_type"))
                .col(text_null("target_id"))
                .col(text("metadata"))
                .col(text("previous_hash"))
                .col(text("hash").unique_key())
                .to_owned(),
        )
        .await
}

async fn audit_head(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("audit_head"))
                .col(int("id").primary_key())
                .col(big("last_id"))
                .col(text("last_hash"))
                .to_owned(),
        )
        .await
}

async fn app_settings(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("app_settings"))
                .col(text("key").primary_key())
                .col(text("value"))
                .col(at("updated_at"))
                .col(big_null("updated_by"))
                .to_owned(),
        )
        .await
}
