//! What the first schema left open: charges and the audit log could be deleted, a key of a job
//! without a user did not bind, and walks by age or by open hold had no index of their own.

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
                    .table(Alias::new("periods"))
                    .add_column(flag("expiring", false))
                    .to_owned(),
            )
            .await?;
        // Charges go with their period or not at all; so far nothing of the audit log goes.
        deleted_only_if(
            manager,
            "ledger",
            "EXISTS (SELECT 1 FROM periods WHERE periods.id = OLD.period_id AND periods.expiring)",
        )
        .await?;
        deleted_only_if(manager, "audit_log", "1 = 0").await?;
        run(
            manager,
            &[
                // The oldest keeps a key that several share: it is the one that was answered with.
                "UPDATE jobs SET idempotency_key = NULL \
                 WHERE user_id IS NULL AND idempotency_key IS NOT NULL AND EXISTS ( \
                 SELECT 1 FROM jobs AS older WHERE older.user_id IS NULL AND older.kind = jobs.kind \
                 AND older.idempotency_key = jobs.idempotency_key AND older.id < jobs.id)",
                "DROP INDEX jobs_idempotent",
                "CREATE UNIQUE INDEX jobs_idempotent ON jobs (kind, COALESCE(user_id, 0), idempotency_key) WHERE idempotency_key IS NOT NULL",
                "CREATE INDEX messages_by_age ON messages (created_at)",
                "CREATE INDEX holds_open_by_period ON holds (period_id) WHERE state IN ('open','sent')",
                "CREATE INDEX holds_open_by_house_period ON holds (house_period_id) WHERE state IN ('open','sent')",
            ],
        )
        .await
    }
}
