//! Durable work: jobs, their events, the processes that run them, named leases.

use sea_orm_migration::prelude::*;

use crate::schema::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        processes(manager).await?;
        leases(manager).await?;
        jobs(manager).await?;
        job_events(manager).await?;
        run(
            manager,
            &[
                "CREATE INDEX jobs_ready ON jobs (priority, run_at, id) WHERE state = 'queued'",
                "CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 'running'",
                "CREATE INDEX jobs_by_state ON jobs (state, finished_at)",
                "CREATE INDEX jobs_by_user ON jobs (user_id, created_at)",
                "CREATE INDEX jobs_by_subject ON jobs (subject_type, subject_id)",
                "CREATE UNIQUE INDEX jobs_idempotent ON jobs (kind, user_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
                "CREATE UNIQUE INDEX jobs_active_duplicate ON jobs (kind, duplicate_key) WHERE duplicate_key IS NOT NULL AND state IN ('queued','running','awaiting_input','awaiting_budget')",
                "CREATE INDEX job_events_by_job ON job_events (job_id, id)",
            ],
        )
        .await
    }
}

async fn processes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("processes"))
                .col(uuid_id())
                .col(text("kind"))
                .col(text("host"))
                .col(int("pid"))
                .col(text("version"))
                .col(at("started_at"))
                .col(at("heartbeat_at"))
                .col(at_null("stopped_at"))
                .to_owned(),
        )
        .await
}

async fn leases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("leases"))
                .col(text("name").primary_key())
                .col(uuid("holder"))
                .col(at("until"))
                .to_owned(),
        )
        .await
}

async fn jobs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("jobs"))
                .col(uuid_id())
                .col(text("kind"))
                .col(big_null("user_id"))
                .col(text_null("subject_type"))
                .col(big_null("subject_id"))
                .col(json("parameters"))
                .col(text("state"))
                .col(int("priority"))
                .col(at("run_at"))
                .col(counter("claim"))
                .col(int("attempts").default(0))
                .col(int("max_attempts"))
                .col(int("rescues").default(0))
                .col(at_null("lease_until"))
                .col(uuid_null("process_id"))
                .col(text_null("stage"))
                .col(double("progress"))
                .col(json_null("checkpoint"))
                .col(big_null("hold_id"))
                .col(text_null("traceparent"))
                .col(text_null("idempotency_key"))
                .col(text_null("duplicate_key"))
                .col(uuid_null("replay_of"))
                .col(uuid_null("replayed_by"))
                .col(text_null("error_class"))
                .col(text_null("error_message"))
                .col(at_null("cancel_requested_at"))
                .col(at("created_at"))
                .col(at_null("started_at"))
                .col(at_null("finished_at"))
                .col(at("updated_at"))
                .col(counter("rev"))
                .check(Expr::cust("state IN ('queued','running','succeeded','failed','cancelled','awaiting_input','awaiting_budget')"))
                .check(Expr::cust("(state = 'running') = (lease_until IS NOT NULL)"))
                .check(Expr::cust("(state IN ('succeeded','failed','cancelled')) = (finished_at IS NOT NULL)"))
                .to_owned(),
        )
        .await
}

async fn job_events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Alias::new("job_events"))
                .col(id())
                .col(uuid("job_id"))
                .col(text("event"))
                .col(big("claim"))
                .col(int("attempt"))
                .col(text_null("stage"))
                .col(text_null("error_class"))
                .col(text_null("message"))
                .col(at("created_at"))
                .foreign_key(
                    ForeignKey::create()
                        .from(Alias::new("job_events"), Alias::new("job_id"))
                        .to(Alias::new("jobs"), Alias::new("id"))
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
        )
        .await
}
