//! Who people are: users, sign-in sessions, refresh tokens, revocations.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        users(manager).await?;
        sessions(manager).await?;
        refresh_tokens(manager).await?;
        revocations(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX sessions_by_user ON sessions (user_id, ended_at)",
                "CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id)",
                "CREATE INDEX revocations_by_expiry ON revocations (expires_at)",
            ],
        )
        .await
    }
}

async fn users(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("users"))
                .col(id())
                .col(uuid("public_id").unique_key())
                .col(text("email").unique_key())
                .col(text("password_hash"))
                .col(text("role"))
                .col(text("status"))
                .col(flag("email_verified", false))
                .col(text_null("admin_notes"))
                .col(counter("token_version"))
                .col(counter("rev"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .check(Expr::cust("role IN ('user','admin','auditor')"))
                .check(Expr::cust("status IN ('active','disabled','deleted')"))
                .to_owned(),
        )
        .await
}

async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("sessions"))
                .col(uuid_id())
                .col(big("user_id"))
                .col(text_null("user_agent"))
                .col(text_null("client_address"))
                .col(at("created_at"))
                .col(at("last_used_at"))
                .col(at("expires_at"))
                .col(at_null("ended_at"))
                .col(text_null("ended_reason"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("sessions"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn refresh_tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("refresh_tokens"))
                .col(id())
                .col(uuid("session_id"))
                .col(text("token_hash").unique_key())
                .col(at("issued_at"))
                .col(at("expires_at"))
                .col(at_null("used_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("refresh_tokens"), Alias::new("session_id"))
                        .to(Alias::new("sessions"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}

async fn revocations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("revocations"))
                .col(text("key").primary_key())
                .col(big("user_id"))
                .col(at("expires_at"))
                .to_owned(),
        )
        .await
}
