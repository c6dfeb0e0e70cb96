//! Every statement on the engine's tables, and the only place that knows the database library.

pub(super) mod choice;
pub(super) mod claims;
pub(super) mod console;
pub(super) mod enqueue;
pub(super) mod leases;
pub(super) mod listen;
pub(super) mod lists;
pub(super) mod measure;
pub(super) mod moves;
pub(super) mod numbers;
pub(super) mod owners;
pub(super) mod previews;
pub(super) mod processes;
pub(super) mod reads;
pub(super) mod replays;
pub(super) mod retention;
pub(super) mod schedules;
pub(super) mod vitals;

pub(crate) use sea_orm::DbErr;

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    jobs::{job, job_event},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseBackend, EntityTrait, Statement};
use tracing::Span;

use crate::platform::{
    db::{Change, Entity, Txn},
    telemetry::traces::{self, TraceParent},
};

/// The PostgreSQL channel that tells other processes to look at the queue.
const CHANNEL: &str = "binnacle_jobs";

/// Wakes the workers of other processes once the transaction commits. SQLite has no such channel:
/// there, other processes poll.
async fn wake_others(txn: &Txn) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        txn.execute_raw(Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT pg_notify($1, '')",
            [CHANNEL.into()],
        ))
        .await?;
    }
    Ok(())
}

fn announce(txn: &Txn, job: &job::Model) {
    txn.announce(Change {
        entity: Entity::Job,
        id: job.id.to_string(),
        user_id: job.user_id,
        rev: job.rev,
    });
}

/// A line of a job's log, as the job stands now.
fn line(event: &str, job: &job::Model, now: DateTime<Utc>) -> job_event::ActiveModel {
    job_event::ActiveModel {
        job_id: Set(job.id),
        event: Set(event.to_owned()),
        claim: Set(job.claim),
        attempt: Set(job.attempts),
        stage: Set(job.stage.clone()),
        error_class: Set(job.error_class.clone()),
        message: Set(job.error_message.clone()),
        created_at: Set(now),
        ..Default::default()
    }
}

async fn log(
    txn: &Txn,
    event: &'static str,
    job: &job::Model,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    log_act(txn, event, job, None, now).await
}

/// As [`log`], naming whose act it was.
async fn log_act(
    txn: &Txn,
    event: &'static str,
    job: &job::Model,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let line = job_event::ActiveModel {
        actor_user_id: Set(actor),
        ..line(event, job, now)
    };
    job_event::Entity::insert(line)
        .exec_without_returning(txn)
        .await?;
    tell(txn, event, job, actor);
    Ok(())
}

/// The event as a line of the process's log too, with the ids of the request or run that it belongs
/// to, or else of the trace that asked for the job, once it is committed.
fn tell(txn: &Txn, event: &'static str, job: &job::Model, actor: Option<UserId>) {
    let span = Span::current();
    let trace_id = if traces::current().is_none() {
        let asked = job.traceparent.as_deref();
        asked.and_then(|header| header.parse::<TraceParent>().ok())
    } else {
        None
    };
    let trace_id = trace_id.map(TraceParent::trace_id);
    let (id, kind, claim, attempt) = (job.id, job.kind.clone(), job.claim, job.attempts);
    let (stage, error_class) = (job.stage.clone(), job.error_class.clone());
    let (user_id, actor_id) = (job.user_id.map(|user| user.0), actor.map(|actor| actor.0));
    txn.after_commit(move || {
        let _within = span.entered();
        tracing::info!(
            event = "job_event",
            job_event = event,
            kind,
            job_id = %id,
            user_id,
            actor_id,
            claim,
            attempt,
            stage,
            error_class,
            trace_id,
        );
    });
}
