//! What admins steer people and money with: one-time tokens, notes as they were, rules for money set
//! from the console, acts that were previewed, and answers that are given again.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        one_time_tokens(manager).await?;
        notes_history(manager).await?;
        money_defaults(manager).await?;
        act_answers(manager).await?;
        account_previews(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id)",
                "CREATE INDEX one_time_tokens_by_expiry ON one_time_tokens (expires_at)",
                "CREATE INDEX notes_history_by_user ON notes_history (user_id)",
                "CREATE UNIQUE INDEX act_answers_by_key ON act_answers (actor_user_id, key)",
                "CREATE INDEX act_answers_by_expiry ON act_answers (expires_at)",
                "CREATE INDEX account_previews_by_actor ON account_previews (actor_user_id)",
                "CREATE INDEX account_previews_by_expiry ON account_previews (expires_at)",
                "CREATE INDEX audit_by_target ON audit_log (target_type, target_id, id)",
                "CREATE INDEX audit_by_actor ON audit_log (actor_user_id, id)",
            ],
        )
        .await
    }
}

async fn one_time_tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("one_time_tokens"))
                .col(id())
                .col(big("user_id"))
                .col(text("token_hash").unique_key())
                .col(at("created_at"))
                .col(at("expires_at"))
                .col(at_null("used_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("one_time_tokens"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn notes_history(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("notes_history"))
                .col(big("audit_id").primary_key())
                .col(big("user_id"))
                .col(text_null("notes_before"))
                .col(text_null("notes_after"))
                .col(at("created_at"))
                .to_owned(),
        )
        .await
}

async fn money_defaults(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("money_defaults"))
                .col(text("key").primary_key())
                .col(big_null("nanos"))
                .col(at("updated_at"))
                .to_owned(),
        )
        .await
}

async fn act_answers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("act_answers"))
                .col(id())
                .col(big("actor_user_id"))
                .col(text("key"))
                .col(text("fingerprint"))
                .col(text_null("outcome"))
                .col(big_null("audit_id"))
                .col(at("created_at"))
                .col(at("expires_at"))
                .to_owned(),
        )
        .await
}

async fn account_previews(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("account_previews"))
                .col(uuid_id())
                .col(big("actor_user_id"))
                .col(text("action"))
                .col(big_null("limit_nanos"))
                .col(json("accounts"))
                .col(at("created_at"))
                .col(at("expires_at"))
                .to_owned(),
        )
        .await
}
