//! Jobs by whose they are.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, Iterable, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use crate::platform::jobs::state::ENDED;

/// How many jobs of each of these users are not over; users without are absent. They are found by
/// their state, which few jobs share, not by their owner, who may have a hundred thousand that are
/// over: the sum is in no index.
pub(in super::super) async fn open(
    connection: &impl ConnectionTrait,
    users: &[UserId],
) -> Result<HashMap<UserId, i64>, DbErr> {
    let rows: Vec<(UserId, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::UserId)
        .column_as(job::Column::Id.count(), "open_jobs")
        .filter(job::Column::State.is_in(JobState::iter().filter(|state| !ENDED.contains(state))))
        .filter(
            Expr::col(job::Column::UserId)
                .add(0_i64)
                .is_in(users.iter().map(|user| user.0)),
        )
        .group_by(job::Column::UserId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// A user's jobs that are not over and were not told to end, of those that an instant found.
fn to_cancel_of(user: UserId, before: DateTime<Utc>) -> Select<job::Entity> {
    job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .filter(job::Column::State.is_not_in(ENDED.iter().copied()))
        .filter(job::Column::CancelRequestedAt.is_null())
        .filter(job::Column::CreatedAt.lte(before))
}

/// Up to `limit` of a user's jobs that are yet to be cancelled, the oldest first.
pub(in super::super) async fn to_cancel(
    connection: &impl ConnectionTrait,
    user: UserId,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<JobId>, DbErr> {
    to_cancel_of(user, before)
        .select_only()
        .column(job::Column::Id)
        .order_by_asc(job::Column::CreatedAt)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

pub(in super::super) async fn count_to_cancel(
    connection: &impl ConnectionTrait,
    user: UserId,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    to_cancel_of(user, before).count(connection).await
}
