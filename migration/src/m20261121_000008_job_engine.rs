//! The queue whole: input and its question, who acted on a job, previews of bulk acts, runs of
//! schedules, and the indexes that lists, counts and fair claims walk whatever the table's size.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        columns(manager).await?;
        previews(manager).await?;
        schedule_runs(manager).await?;
        run(
            manager,
            &[
                "DROP INDEX jobs_ready",
                "CREATE INDEX jobs_ready ON jobs (kind, (COALESCE(user_id, 0)), run_at, id) WHERE state = 'queued'",
                "CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'queued'",
                "DROP INDEX jobs_by_state",
                "CREATE INDEX jobs_by_state ON jobs (state, created_at, id)",
                "CREATE INDEX jobs_by_kind ON jobs (kind, created_at, id)",
                "CREATE INDEX jobs_newest ON jobs (created_at, id)",
                "CREATE INDEX jobs_finished ON jobs (finished_at, state) WHERE finished_at IS NOT NULL",
                "CREATE INDEX jobs_finished_of_kind ON jobs (kind, finished_at, state) WHERE finished_at IS NOT NULL",
                "CREATE INDEX jobs_dead ON jobs (kind) WHERE state = 'failed' AND replayed_by IS NULL",
                "CREATE INDEX job_events_by_actor ON job_events (actor_user_id) WHERE actor_user_id IS NOT NULL",
                "CREATE INDEX job_previews_by_actor ON job_previews (actor_user_id)",
            ],
        )
        .await
    }
}

async fn columns(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (table, column) in [
        ("jobs", json_null("input")),
        ("jobs", text_null("input_prompt")),
        ("jobs", at_null("leased_at")),
        ("job_events", big_null("actor_user_id")),
    ] {
        manager
            .alter_table(
                Table::alter()
                    .table(Alias::new(table))
                    .add_column(column)
                    .to_owned(),
            )
            .await?;
    }
    Ok(())
}

async fn previews(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("job_previews"))
                .col(uuid_id())
                .col(text("action"))
                .col(big("actor_user_id"))
                .col(json("rows"))
                .col(at("created_at"))
                .col(at("expires_at"))
                .to_owned(),
        )
        .await
}

async fn schedule_runs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("schedule_runs"))
                .col(text("name"))
                .col(at("tick_at"))
                .col(uuid_null("job_id"))
                .col(at("created_at"))
                .primary_key(
                    Index::create()
                        .col(Alias::new("name"))
                        .col(Alias::new("tick_at")),
                )
                .to_owned(),
        )
        .await
}
