//! The oldest entries of the audit log may go, once it is cut behind them: the cut is signed.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop: &[&str] = if manager.get_database_backend() == sea_orm::DatabaseBackend::Postgres
        {
            &[
                "DROP TRIGGER audit_log_keeps_rows ON audit_log",
                "DROP TRIGGER audit_log_keeps_all ON audit_log",
                "DROP FUNCTION audit_log_keeps_rows",
            ]
        } else {
            &["DROP TRIGGER audit_log_keeps_rows"]
        };
        run(manager, drop).await?;
        deleted_only_if(
            manager,
            "audit_log",
            "OLD.id <= (SELECT cut_id FROM audit_head)",
        )
        .await
    }
}
