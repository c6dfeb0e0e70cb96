//! What things cost and who may spend it: budgets, periods, holds, the ledger.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        budgets(manager).await?;
        periods(manager).await?;
        holds(manager).await?;
        ledger(manager).await?;
        run(
            manager,
            &[
                "CREATE UNIQUE INDEX periods_by_account ON periods (account, month)",
                "CREATE INDEX periods_by_user ON periods (user_id, month)",
                "CREATE INDEX holds_open ON holds (lease_until) WHERE state IN ('open','sent')",
                "CREATE INDEX holds_by_period ON holds (period_id)",
                "CREATE INDEX ledger_by_period ON ledger (period_id)",
                "CREATE INDEX ledger_by_user ON ledger (user_id, created_at)",
            ],
        )
        .await?;
        append_only(manager, "ledger").await
    }
}

async fn budgets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("budgets"))
                .col(big("user_id").primary_key())
                .col(big("monthly_limit_nanos"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("budgets"), Alias::new("user_id"))
                        .to(Alias::new("users"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .check(Expr::cust("monthly_limit_nanos >= 0"))
                .to_owned(),
        )
        .await
}

async fn periods(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("periods"))
                .col(id())
                .col(text("account"))
                .col(big_null("user_id"))
                .col(text("month"))
                .col(big_null("limit_nanos"))
                .col(counter("spent_nanos"))
                .col(counter("reserved_nanos"))
                .col(counter("rev"))
                .col(at("updated_at"))
                .check(Expr::cust("reserved_nanos >= 0"))
                .to_owned(),
        )
        .await
}

async fn holds(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("holds"))
                .col(id())
                .col(big("period_id"))
                .col(big_null("house_period_id"))
                .col(big("user_id"))
                .col(big("amount_nanos"))
                .col(text("state"))
                .col(text("kind"))
                .col(text("provider"))
                .col(text("model"))
                .col(counter("prompt_tokens"))
                .col(counter("output_tokens_max"))
                .col(counter("output_tokens_seen"))
                .col(big("input_price"))
                .col(big("output_price"))
                .col(uuid_null("job_id"))
                .col(uuid_null("stream_id"))
                .col(text_null("trace_id"))
                .col(big_null("store_id"))
                .col(at("lease_until"))
                .col(at("created_at"))
                .col(at_null("resolved_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("holds"), Alias::new("period_id"))
                        .to(Alias::new("periods"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Restrict),
                )
                .check(Expr::cust(
                    "state IN ('open','sent','settled','released','expired')",
                ))
                .check(Expr::cust("amount_nanos >= 0"))
                .to_owned(),
        )
        .await
}

async fn ledger(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("ledger"))
                .col(id())
                .col(big("period_id"))
                .col(big("user_id"))
                .col(big_null("hold_id").unique_key())
                .col(text("kind"))
                .col(text("provider"))
                .col(text("model"))
                .col(counter("prompt_tokens"))
                .col(counter("completion_tokens"))
                .col(counter("index_tokens"))
                .col(text("unit"))
                .col(big("input_price"))
                .col(big("output_price"))
                .col(big("amount_nanos"))
                .col(flag("estimated", false))
                .col(counter("overrun_nanos"))
                .col(big_null("store_id"))
                .col(big_null("document_id"))
                .col(uuid_null("job_id"))
                .col(uuid_null("stream_id"))
                .col(text_null("trace_id"))
                .col(big_null("project_id"))
                .col(json_null("tags"))
                .col(text_null("error_code"))
                .col(at("created_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("ledger"), Alias::new("period_id"))
                        .to(Alias::new("periods"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Restrict),
                )
                .to_owned(),
        )
        .await
}
