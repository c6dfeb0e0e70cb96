//! What others may know about jobs.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::platform::jobs::Subject;

pub(in super::super) async fn find(
    connection: &impl ConnectionTrait,
    id: JobId,
) -> Result<Option<job::Model>, DbErr> {
    job::Entity::find_by_id(id).one(connection).await
}

pub(in super::super) async fn find_for_user(
    connection: &impl ConnectionTrait,
    id: JobId,
    user_id: UserId,
) -> Result<Option<job::Model>, DbErr> {
    job::Entity::find_by_id(id)
        .filter(job::Column::UserId.eq(user_id))
        .one(connection)
        .await
}

pub(in super::super) async fn latest_for_subject(
    connection: &impl ConnectionTrait,
    subject: Subject,
    kind: &str,
) -> Result<Option<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::SubjectType.eq(subject.kind))
        .filter(job::Column::SubjectId.eq(subject.id))
        .filter(job::Column::Kind.eq(kind))
        .order_by_desc(job::Column::CreatedAt)
        .order_by_desc(job::Column::Id)
        .one(connection)
        .await
}

pub(in super::super) async fn oldest_ready(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::RunAt)
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.lte(now))
        .order_by_asc(job::Column::RunAt)
        .into_tuple()
        .one(connection)
        .await
}

/// The kinds of these jobs, one entry for each job.
pub(in super::super) async fn kinds_of(
    connection: &impl ConnectionTrait,
    jobs: &[JobId],
) -> Result<Vec<String>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Kind)
        .filter(job::Column::Id.is_in(jobs.iter().copied()))
        .into_tuple()
        .all(connection)
        .await
}

pub(in super::super) async fn unfinished(
    connection: &impl ConnectionTrait,
    ids: &[JobId],
) -> Result<HashSet<JobId>, DbErr> {
    let ids: Vec<JobId> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .filter(job::Column::FinishedAt.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(ids.into_iter().collect())
}
