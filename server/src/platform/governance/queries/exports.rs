//! The statements on exports.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entities::{
    ExportId, ExportState, JobId, UserId,
    governance::export::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Statement, sea_query::Expr,
};

use crate::platform::{db::Txn, retention::Expiring, storage::BlobKey};

pub(in super::super) async fn insert(
    txn: &Txn,
    user: UserId,
    requested_by: UserId,
    job: JobId,
    now: DateTime<Utc>,
) -> Result<Model, DbErr> {
    Entity::insert(ActiveModel {
        user_id: Set(user),
        requested_by: Set(Some(requested_by)),
        job_id: Set(job),
        state: Set(ExportState::Pending),
        created_at: Set(now),
        ..Default::default()
    })
    .exec_with_returning(txn)
    .await
}

pub(in super::super) async fn of_job(
    connection: &impl ConnectionTrait,
    job: JobId,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::JobId.eq(job))
        .one(connection)
        .await
}

/// A user's export.
pub(in super::super) async fn find(
    connection: &impl ConnectionTrait,
    user: UserId,
    id: ExportId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id)
        .filter(Column::UserId.eq(user))
        .one(connection)
        .await
}

/// A user's exports, the newest first.
pub(in super::super) async fn of_user(
    connection: &impl ConnectionTrait,
    user: UserId,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// What an export is, once it is written.
#[derive(Clone, Debug)]
pub(in super::super) struct Ready {
    pub(in super::super) job: JobId,
    pub(in super::super) blob_key: String,
    pub(in super::super) size_bytes: u64,
    pub(in super::super) sha256: String,
    pub(in super::super) now: DateTime<Utc>,
}

pub(in super::super) async fn ready(txn: &Txn, ready: &Ready) -> Result<(), DbErr> {
    let size = i64::try_from(ready.size_bytes).unwrap_or(i64::MAX);
    Entity::update_many()
        .col_expr(Column::State, Expr::value(ExportState::Ready))
        .col_expr(Column::BlobKey, Expr::value(ready.blob_key.as_str()))
        .col_expr(Column::SizeBytes, Expr::value(size))
        .col_expr(Column::Sha256, Expr::value(ready.sha256.as_str()))
        .col_expr(Column::FinishedAt, Expr::value(ready.now))
        .filter(Column::JobId.eq(ready.job))
        .exec(txn)
        .await?;
    Ok(())
}

pub(in super::super) async fn failed(
    txn: &Txn,
    job: JobId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::State, Expr::value(ExportState::Failed))
        .col_expr(Column::FinishedAt, Expr::value(now))
        .filter(Column::JobId.eq(job))
        .filter(Column::State.eq(ExportState::Pending))
        .exec(txn)
        .await?;
    Ok(())
}

/// Which of these files have a row.
pub(in super::super) async fn known_files(
    connection: &impl ConnectionTrait,
    keys: &[BlobKey],
) -> Result<HashSet<String>, DbErr> {
    let known: Vec<Option<String>> = Entity::find()
        .select_only()
        .column(Column::BlobKey)
        .filter(Column::BlobKey.is_in(keys.iter().map(BlobKey::as_str)))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(known.into_iter().flatten().collect())
}

/// Exports that were asked for long ago; one that is being written stays.
pub(in super::super) fn old() -> Expiring {
    Expiring::of("exports", "created_at < $1 AND state <> 'pending'")
        .held_back("created_at < $1 AND state = 'pending'")
        .at("created_at")
        .user("user_id")
}

/// How many files they have, and of how many bytes.
pub(in super::super) async fn sum_of_files(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<(u64, u64), DbErr> {
    let row = connection
        .query_one_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT COUNT(size_bytes) AS files, \
             CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) AS bytes \
             FROM exports WHERE created_at < $1 AND state <> 'pending'",
            [before.into()],
        ))
        .await?;
    let Some(row) = row else { return Ok((0, 0)) };
    let number = |column| -> Result<u64, DbErr> {
        Ok(u64::try_from(row.try_get::<i64>("", column)?).unwrap_or(0))
    };
    Ok((number("files")?, number("bytes")?))
}

/// Their rows.
pub(in super::super) async fn old_files(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::CreatedAt.lt(before))
        .filter(Column::State.ne(ExportState::Pending))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// The exports with these numbers, as rows that go.
pub(in super::super) fn numbered(ids: &[ExportId]) -> Expiring {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    Expiring::of(
        "exports",
        format!(
            "created_at < $1 AND state <> 'pending' AND id IN ({})",
            ids.join(", ")
        ),
    )
    .at("created_at")
    .user("user_id")
}

/// Deletes up to `limit` of a user's rows, and takes their number from what they asked for others.
pub(in super::super) async fn erase(txn: &Txn, user: UserId, limit: u64) -> Result<u64, DbErr> {
    let ids: Vec<ExportId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user))
        .limit(limit)
        .into_tuple()
        .all(txn)
        .await?;
    let deleted = Entity::delete_many()
        .filter(Column::Id.is_in(ids))
        .exec(txn)
        .await?
        .rows_affected;
    if deleted > 0 {
        return Ok(deleted);
    }
    let unnamed = Entity::update_many()
        .col_expr(Column::RequestedBy, Expr::value(None::<i64>))
        .filter(Column::RequestedBy.eq(user))
        .exec(txn)
        .await?;
    Ok(unnamed.rows_affected)
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    let own = Column::UserId.eq(user).or(Column::RequestedBy.eq(user));
    Entity::find().filter(own).count(connection).await
}
