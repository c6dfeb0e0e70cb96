//! Messages are found by their stream and by their user without a walk over all of them.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            &[
                "CREATE INDEX messages_by_stream ON messages (stream_id, user_id)",
                "CREATE INDEX messages_by_user ON messages (user_id, id)",
            ],
        )
        .await
    }
}
