//! What people bring: stores and documents.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        stores(manager).await?;
        documents(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX stores_by_user ON stores (user_id, deleted_at)",
                "CREATE INDEX documents_by_store ON documents (store_id, deleted_at)",
                "CREATE INDEX documents_by_user ON documents (user_id)",
            ],
        )
        .await
    }
}

async fn stores(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("stores"))
                .col(id())
                .col(big("user_id"))
                .col(text("display_name"))
                .col(text("fs_name").unique_key())
                .col(at_null("deleted_at"))
                .col(big_null("deleted_by"))
                .col(uuid_null("purge_job_id"))
                .col(at("created_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("stores"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn documents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("documents"))
                .col(id())
                .col(big("store_id"))
                .col(big("user_id"))
                .col(text("filename"))
                .col(text_null("display_name"))
                .col(text("media_type"))
                .col(big("size_bytes"))
                .col(text("sha256"))
                .col(text("blob_key").unique_key())
                .col(text("status"))
                .col(at("status_updated_at"))
                .col(text_null("op_name"))
                .col(text_null("gcs_uri"))
                .col(text_null("last_error"))
                .col(int_null("page_count"))
                .col(big("estimated_tokens"))
                .col(big_null("index_tokens"))
                .col(text_null("embedding_model"))
                .col(counter("generation"))
                .col(uuid_null("job_id"))
                .col(big_null("hold_id"))
                .col(at_null("deleted_at"))
                .col(big_null("deleted_by"))
                .col(flag("deleted_with_store", false))
                .col(uuid_null("purge_job_id"))
                .col(at("created_at"))
                .col(counter("rev"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("documents"), Alias::new("store_id"))
                        .to(Alias::new("stores"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .check(Expr::cust("status IN ('PENDING','RUNNING','DONE','ERROR')"))
                .to_owned(),
        )
        .await
}
