//! Conversations: sessions, messages, and answers remembered by idempotency key.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        chat_sessions(manager).await?;
        messages(manager).await?;
        idempotency_keys(manager).await?;
        run(
            manager,
            &[
                "CREATE UNIQUE INDEX chat_sessions_by_key ON chat_sessions (user_id, session_key)",
                "CREATE INDEX chat_sessions_recent ON chat_sessions (user_id, updated_at)",
                "CREATE INDEX messages_by_session ON messages (chat_session_id, id)",
                "CREATE INDEX messages_streaming ON messages (stream_id) WHERE state = 'streaming'",
                "CREATE UNIQUE INDEX idempotency_by_key ON idempotency_keys (user_id, operation, key)",
                "CREATE INDEX idempotency_by_expiry ON idempotency_keys (expires_at)",
            ],
        )
        .await
    }
}

async fn chat_sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("chat_sessions"))
                .col(id())
                .col(big("user_id"))
                .col(text("session_key"))
                .col(big_null("store_id"))
                .col(text("title"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("chat_sessions"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn messages(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("messages"))
                .col(id())
                .col(big("chat_session_id"))
                .col(big("user_id"))
                .col(big_null("store_id"))
                .col(text("role"))
                .col(text("content"))
                .col(text("state"))
                .col(text_null("provider"))
                .col(text_null("model"))
                .col(json_null("citations"))
                .col(uuid_null("stream_id"))
                .col(big_null("hold_id"))
                .col(counter("prompt_tokens"))
                .col(counter("completion_tokens"))
                .col(counter("cost_nanos"))
                .col(text_null("error_code"))
                .col(at("created_at"))
                .col(at_null("finished_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("messages"), Alias::new("chat_session_id"))
                        .to(Alias::new("chat_sessions"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .check(Expr::cust("role IN ('user','assistant')"))
                .check(Expr::cust(
                    "state IN ('complete','streaming','cut','failed')",
                ))
                .to_owned(),
        )
        .await
}

async fn idempotency_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("idempotency_keys"))
                .col(id())
                .col(big("user_id"))
                .col(text("operation"))
                .col(text("key"))
                .col(text("fingerprint"))
                .col(text("state"))
                .col(uuid_null("stream_id"))
                .col(big_null("message_id"))
                .col(int_null("status"))
                .col(json_null("response"))
                .col(at("created_at"))
                .col(at("expires_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("idempotency_keys"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .check(Expr::cust("state IN ('processing','finished')"))
                .to_owned(),
        )
        .await
}
