//! The table of processes.

use chrono::{DateTime, Utc};
use entities::jobs::process;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, Statement, sea_query::Expr,
};
use uuid::Uuid;

use crate::platform::db::Txn;

pub(in super::super) async fn insert(txn: &Txn, row: &process::Model) -> Result<(), DbErr> {
    process::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Any number; the same for all who must not look at the same time.
const TURN: i64 = 7_316_044;

/// Waits for whoever is looking at the table in a transaction of theirs, where writers do not wait
/// for each other anyway.
pub(in super::super) async fn in_turn(txn: &Txn) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        txn.execute_raw(Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [TURN.into()],
        ))
        .await?;
    }
    Ok(())
}

/// Marks the process as alive: also one that was taken for dead while it was only paused.
pub(in super::super) async fn beat(txn: &Txn, id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    process::Entity::update_many()
        .col_expr(process::Column::HeartbeatAt, Expr::value(now))
        .col_expr(
            process::Column::StoppedAt,
            Expr::value(None::<DateTime<Utc>>),
        )
        .filter(process::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

pub(in super::super) async fn stop(txn: &Txn, id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    process::Entity::update_many()
        .col_expr(process::Column::StoppedAt, Expr::value(now))
        .filter(process::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Marks those that fell silent as stopped when they were last heard of.
pub(in super::super) async fn stop_silent(
    txn: &Txn,
    silent_since: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let marked = process::Entity::update_many()
        .col_expr(
            process::Column::StoppedAt,
            Expr::col(process::Column::HeartbeatAt),
        )
        .filter(process::Column::StoppedAt.is_null())
        .filter(process::Column::HeartbeatAt.lt(silent_since))
        .exec(txn)
        .await?;
    Ok(marked.rows_affected)
}

pub(in super::super) async fn running(
    connection: &impl ConnectionTrait,
) -> Result<Vec<process::Model>, DbErr> {
    process::Entity::find()
        .filter(process::Column::StoppedAt.is_null())
        .order_by_asc(process::Column::StartedAt)
        .all(connection)
        .await
}
