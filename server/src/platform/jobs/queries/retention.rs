//! The statements by which ended jobs go. Their events go with them, by the database's own rule.

use chrono::{DateTime, Utc};
use entities::{
    JobId, UserId,
    jobs::{job, job_event, process, schedule_run},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::platform::{db::Txn, jobs::state};

/// Deletes up to `limit` jobs that ended before an instant, then the ticks of schedules before it,
/// then up to `limit` processes that stopped before it.
pub(in super::super) async fn expire(
    txn: &Txn,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, DbErr> {
    let old = ended().filter(job::Column::FinishedAt.lt(before));
    let deleted = delete(txn, old, limit).await?;
    if deleted > 0 {
        return Ok(deleted);
    }
    let ticks = schedule_run::Entity::delete_many()
        .filter(schedule_run::Column::TickAt.lt(before))
        .exec(txn)
        .await?;
    if ticks.rows_affected > 0 {
        return Ok(ticks.rows_affected);
    }
    // One that was taken for dead and still works is not stopped.
    let at_work = Query::select()
        .expr(Expr::value(1))
        .from(job::Entity)
        .and_where(
            Expr::col((job::Entity, job::Column::ProcessId))
                .equals((process::Entity, process::Column::Id)),
        )
        .and_where(job::Column::State.is_not_in(state::ENDED.iter().copied()))
        .to_owned();
    let stopped = process::Entity::find()
        .select_only()
        .column(process::Column::Id)
        .filter(process::Column::StoppedAt.lt(before))
        .filter(Expr::exists(at_work).not())
        .limit(limit)
        .into_query();
    let deleted = process::Entity::delete_many()
        .filter(process::Column::Id.in_subquery(stopped))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}

/// Up to `limit` jobs of a user that are not over.
pub(in super::super) async fn unfinished(
    txn: &Txn,
    user: UserId,
    limit: u64,
) -> Result<Vec<JobId>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::UserId.eq(user))
        .filter(job::Column::State.is_not_in(state::ENDED.iter().copied()))
        .limit(limit)
        .into_tuple()
        .all(txn)
        .await
}

/// Takes a user's name off the lines of others' jobs; answers how many.
pub(in super::super) async fn forget_actor(txn: &Txn, user: UserId) -> Result<u64, DbErr> {
    let forgotten = job_event::Entity::update_many()
        .col_expr(job_event::Column::ActorUserId, Expr::value(None::<UserId>))
        .filter(job_event::Column::ActorUserId.eq(user))
        .exec(txn)
        .await?;
    Ok(forgotten.rows_affected)
}

/// How many lines name a user.
pub(in super::super) async fn count_acts(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    job_event::Entity::find()
        .filter(job_event::Column::ActorUserId.eq(user))
        .count(connection)
        .await
}

/// Deletes up to `limit` jobs of a user that are over.
pub(in super::super) async fn erase(txn: &Txn, user: UserId, limit: u64) -> Result<u64, DbErr> {
    delete(txn, ended().filter(job::Column::UserId.eq(user)), limit).await
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .count(connection)
        .await
}

fn ended() -> Select<job::Entity> {
    job::Entity::find().filter(job::Column::State.is_in(state::ENDED.iter().copied()))
}

async fn delete(txn: &Txn, which: Select<job::Entity>, limit: u64) -> Result<u64, DbErr> {
    let ids = which
        .select_only()
        .column(job::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = job::Entity::delete_many()
        .filter(job::Column::Id.in_subquery(ids))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}
