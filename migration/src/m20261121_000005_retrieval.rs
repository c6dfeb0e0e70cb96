//! Passages of documents and how they are found: full text and vectors.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        passages(manager).await?;
        passage_vectors(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX passages_by_document ON passages (document_id, ordinal)",
                "CREATE INDEX passages_by_store ON passages (store_id)",
                "CREATE INDEX passage_vectors_by_store ON passage_vectors (store_id, model)",
                "CREATE INDEX passage_vectors_by_document ON passage_vectors (document_id)",
            ],
        )
        .await?;
        let full_text: &[&str] =
            if manager.get_database_backend() == sea_orm::DatabaseBackend::Postgres {
                &[
                    "ALTER TABLE passages ADD COLUMN terms tsvector NOT NULL DEFAULT ''::tsvector",
                    "CREATE INDEX passages_by_terms ON passages USING GIN (terms)",
                ]
            } else {
                // `scope` is the store as a token inside the index: a store is chosen before ranking.
                // `body` holds terms that are stemmed already. The trigger also answers cascades.
                &[
                    "CREATE VIRTUAL TABLE passages_fts USING fts5(scope, body, content='', \
               contentless_delete=1, tokenize='unicode61 remove_diacritics 2')",
                    "CREATE TRIGGER passages_leave_fts AFTER DELETE ON passages BEGIN \
               DELETE FROM passages_fts WHERE rowid = old.id; END",
                ]
            };
        run(manager, full_text).await
    }
}

async fn passages(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("passages"))
                .col(id())
                .col(big("document_id"))
                .col(big("store_id"))
                .col(big("user_id"))
                .col(big("generation"))
                .col(int("ordinal"))
                .col(int_null("page"))
                .col(big("char_start"))
                .col(big("char_end"))
                .col(text_null("heading"))
                .col(text("body"))
                .col(int("token_count"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("passages"), Alias::new("document_id"))
                        .to(Alias::new("documents"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn passage_vectors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("passage_vectors"))
                .col(big("passage_id").primary_key())
                .col(big("document_id"))
                .col(big("store_id"))
                .col(text("model"))
                .col(int("dimensions"))
                .col(double("scale"))
                .col(blob("codes"))
                .col(blob("vector"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("passage_vectors"), Alias::new("passage_id"))
                        .to(Alias::new("passages"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}
