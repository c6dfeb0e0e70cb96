//! How long things are kept, what was deleted, who was erased, what was handed out.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        overrides(manager).await?;
        runs(manager).await?;
        receipts(manager).await?;
        exports(manager).await?;
        backups(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX retention_runs_by_class ON retention_runs (class, id)",
                "CREATE INDEX retention_runs_by_job ON retention_runs (job_id)",
                "CREATE INDEX erasure_receipts_by_user ON erasure_receipts (user_id)",
                "CREATE INDEX exports_by_user ON exports (user_id, id)",
                "CREATE INDEX backup_runs_by_kind ON backup_runs (kind, id)",
                // Where the chain was cut: what stood before is gone, and this stands for it.
                "ALTER TABLE audit_head ADD COLUMN cut_id BIGINT NOT NULL DEFAULT 0",
                "ALTER TABLE audit_head ADD COLUMN cut_hash TEXT NOT NULL DEFAULT ''",
                "ALTER TABLE audit_head ADD COLUMN cut_signature TEXT NOT NULL DEFAULT ''",
            ],
        )
        .await?;
        append_only(manager, "erasure_receipts").await
    }
}

async fn overrides(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("retention_overrides"))
                .col(text("class").primary_key())
                .col(int("days"))
                .col(at("updated_at"))
                .col(big_null("updated_by"))
                .check(Expr::cust("days >= 0"))
                .to_owned(),
        )
        .await
}

async fn runs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("retention_runs"))
                .col(id())
                .col(text("class"))
                .col(text("cause"))
                .col(uuid_null("job_id"))
                .col(big_null("actor_user_id"))
                .col(at("expired_before"))
                .col(text("outcome"))
                .col(counter("rows_deleted"))
                .col(counter("blobs_deleted"))
                .col(counter("bytes_deleted"))
                .col(counter("held_back"))
                .col(at("started_at"))
                .col(at("updated_at"))
                .col(at_null("finished_at"))
                .check(Expr::cust("cause IN ('schedule','admin','command')"))
                .check(Expr::cust(
                    "outcome IN ('running','ok','failed','interrupted')",
                ))
                .check(Expr::cust("(outcome = 'running') = (finished_at IS NULL)"))
                .to_owned(),
        )
        .await
}

async fn receipts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("erasure_receipts"))
                .col(uuid_id())
                .col(big("user_id"))
                .col(big_null("actor_user_id"))
                .col(at("begun_at"))
                .col(at("finished_at"))
                .col(big("erased"))
                .col(big("remaining"))
                .col(text("statement"))
                .col(text("signature"))
                .to_owned(),
        )
        .await
}

async fn exports(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("exports"))
                .col(id())
                .col(big("user_id"))
                .col(big_null("requested_by"))
                .col(uuid("job_id"))
                .col(text("state"))
                .col(text_null("blob_key"))
                .col(big_null("size_bytes"))
                .col(text_null("sha256"))
                .col(at("created_at"))
                .col(at_null("finished_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("exports"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .check(Expr::cust("state IN ('pending','ready','failed')"))
                .check(Expr::cust("(state = 'ready') = (blob_key IS NOT NULL)"))
                .to_owned(),
        )
        .await
}

async fn backups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("backup_runs"))
                .col(id())
                .col(text("kind"))
                .col(counter("size_bytes"))
                .col(at("finished_at"))
                .check(Expr::cust("kind IN ('backup','verification')"))
                .to_owned(),
        )
        .await
}
