//! The statements on the record of runs.

use chrono::{DateTime, Utc};
use entities::{
    JobId, RetentionRunId, RunCause, RunOutcome, UserId,
    governance::retention_run::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::platform::{
    db::{Change, Entity as ChangedEntity, Txn},
    retention::Tally,
};

/// A run that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRun {
    pub(crate) class: &'static str,
    pub(crate) cause: RunCause,
    pub(crate) job: Option<JobId>,
    pub(crate) actor: Option<UserId>,
    pub(crate) before: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

/// Tells the live feed.
fn announce(txn: &Txn, run: RetentionRunId) {
    txn.announce(Change {
        entity: ChangedEntity::Retention,
        id: run.0.to_string(),
        user_id: None,
        rev: 0,
    });
}

pub(crate) async fn begin(txn: &Txn, run: &NewRun) -> Result<Model, DbErr> {
    let begun = Entity::insert(ActiveModel {
        class: Set(run.class.to_owned()),
        cause: Set(run.cause),
        job_id: Set(run.job),
        actor_user_id: Set(run.actor),
        expired_before: Set(run.before),
        outcome: Set(RunOutcome::Running),
        rows_deleted: Set(0),
        blobs_deleted: Set(0),
        bytes_deleted: Set(0),
        held_back: Set(0),
        started_at: Set(run.now),
        updated_at: Set(run.now),
        ..Default::default()
    })
    .exec_with_returning(txn)
    .await?;
    announce(txn, begun.id);
    Ok(begun)
}

/// The run of a class that a job has begun; another of its lives may have finished it.
pub(crate) async fn of_job(
    connection: &impl ConnectionTrait,
    job: JobId,
    class: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::JobId.eq(job))
        .filter(Column::Class.eq(class))
        .one(connection)
        .await
}

/// Adds what was just deleted.
pub(in super::super) async fn note(
    txn: &Txn,
    run: RetentionRunId,
    deleted: &Tally,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let plus = |column: Column, number: u64| {
        Expr::col(column).add(i64::try_from(number).unwrap_or(i64::MAX))
    };
    Entity::update_many()
        .col_expr(Column::RowsDeleted, plus(Column::RowsDeleted, deleted.rows))
        .col_expr(
            Column::BlobsDeleted,
            plus(Column::BlobsDeleted, deleted.blobs),
        )
        .col_expr(
            Column::BytesDeleted,
            plus(Column::BytesDeleted, deleted.bytes),
        )
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(run))
        .exec(txn)
        .await?;
    Ok(())
}

pub(crate) async fn finish(
    txn: &Txn,
    run: RetentionRunId,
    outcome: RunOutcome,
    held_back: u64,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let held_back = i64::try_from(held_back).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(outcome))
        .col_expr(Column::HeldBack, Expr::value(held_back))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::Id.eq(run))
        .filter(Column::Outcome.eq(RunOutcome::Running))
        .exec(txn)
        .await?;
    announce(txn, run);
    Ok(())
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    id: RetentionRunId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// Closes what a job leaves that has given up.
pub(crate) async fn close_of_job(
    txn: &Txn,
    job: JobId,
    outcome: RunOutcome,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let closed = Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(outcome))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::JobId.eq(job))
        .filter(Column::Outcome.eq(RunOutcome::Running))
        .exec_with_returning(txn)
        .await?;
    Ok(told(txn, &closed))
}

/// Closes the runs without a job that nobody has gone on with since `silent_since`.
pub(crate) async fn close_interrupted(
    txn: &Txn,
    silent_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let closed = Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(RunOutcome::Interrupted))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::Outcome.eq(RunOutcome::Running))
        .filter(Column::UpdatedAt.lt(silent_since))
        .filter(Column::JobId.is_null())
        .exec_with_returning(txn)
        .await?;
    Ok(told(txn, &closed))
}

fn told(txn: &Txn, closed: &[Model]) -> u64 {
    for run in closed {
        announce(txn, run.id);
    }
    closed.len() as u64
}

/// The newest run of a class that went through to its end.
pub(crate) async fn last_good(
    connection: &impl ConnectionTrait,
    class: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Class.eq(class))
        .filter(Column::Outcome.eq(RunOutcome::Ok))
        .order_by_desc(Column::Id)
        .one(connection)
        .await
}

/// The newest first, of one class or of all, before run `before` when given.
pub(crate) async fn newest(
    connection: &impl ConnectionTrait,
    class: Option<&str>,
    before: Option<RetentionRunId>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(class) = class {
        find = find.filter(Column::Class.eq(class));
    }
    if let Some(before) = before {
        find = find.filter(Column::Id.lt(before));
    }
    find.all(connection).await
}
