//! The queue at a glance: statements over the jobs that are not over, and the dead letters of a
//! week, each along an index.

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, jobs::job, jobs::job_event};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// When the next job is due that waits after an error, and how many do.
pub(in super::super) async fn retrying(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>), DbErr> {
    let row: Option<(i64, Option<DateTime<Utc>>)> = job::Entity::find()
        .select_only()
        .column_as(job::Column::Id.count(), "number")
        .column_as(job::Column::RunAt.min(), "next")
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.gt(now))
        .filter(job::Column::Attempts.gt(0))
        .into_tuple()
        .one(connection)
        .await?;
    Ok(row.unwrap_or_default())
}

/// When the jobs failed that did so since then, at most `limit` of them.
pub(in super::super) async fn failed_since(
    connection: &impl ConnectionTrait,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<DateTime<Utc>>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::FinishedAt)
        .filter(job::Column::State.eq(JobState::Failed))
        .filter(job::Column::FinishedAt.gte(since))
        .order_by_desc(job::Column::FinishedAt)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

/// The job that has stood longest in a state, by its last change.
pub(in super::super) async fn oldest_in(
    connection: &impl ConnectionTrait,
    state: JobState,
) -> Result<Option<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::State.eq(state))
        .order_by_asc(job::Column::UpdatedAt)
        .one(connection)
        .await
}

/// Running jobs whose lease was to be renewed before then.
pub(in super::super) async fn leased_until_before(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::LeaseUntil.lt(before))
        .order_by_asc(job::Column::LeaseUntil)
        .limit(limit)
        .all(connection)
        .await
}

/// The newest line of all logs.
pub(in super::super) async fn newest_line(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let newest: Option<i64> = job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .order_by_desc(job_event::Column::Id)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(newest.unwrap_or(0))
}

/// The jobs that have lines after `line`, and the newest line.
pub(in super::super) async fn lines_after(
    connection: &impl ConnectionTrait,
    line: i64,
    limit: u64,
) -> Result<Vec<(i64, JobId)>, DbErr> {
    job_event::Entity::find()
        .select_only()
        .column(job_event::Column::Id)
        .column(job_event::Column::JobId)
        .filter(job_event::Column::Id.gt(line))
        .order_by_asc(job_event::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

/// The newest lines of all logs, the newest first.
pub(in super::super) async fn newest_lines(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<job_event::Model>, DbErr> {
    job_event::Entity::find()
        .order_by_desc(job_event::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}
