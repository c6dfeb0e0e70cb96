//! Jobs by whose they are.

use std::collections::HashMap;

use entities::{JobId, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::platform::jobs::state::ENDED;

/// How many jobs of each of these users are not over; users without are absent.
pub(in super::super) async fn open(
    connection: &impl ConnectionTrait,
    users: &[UserId],
) -> Result<HashMap<UserId, i64>, DbErr> {
    let rows: Vec<(UserId, i64)> = job::Entity::find()
        .select_only()
        .column(job::Column::UserId)
        .column_as(job::Column::Id.count(), "open_jobs")
        .filter(job::Column::UserId.is_in(users.iter().copied()))
        .filter(job::Column::State.is_not_in(ENDED.iter().copied()))
        .group_by(job::Column::UserId)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// A user's jobs that are not over, the oldest first.
pub(in super::super) async fn open_of(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<Vec<JobId>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::UserId.eq(user))
        .filter(job::Column::State.is_not_in(ENDED.iter().copied()))
        .order_by_asc(job::Column::CreatedAt)
        .into_tuple()
        .all(connection)
        .await
}
