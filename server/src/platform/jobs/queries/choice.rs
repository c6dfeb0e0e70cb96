//! What is ready, a bounded part of it whatever the backlog: of each kind and each owner the first
//! few, found by steps along one index. It reads only: an idle worker's look at the queue must not
//! cost a write transaction.

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QuerySelect, Statement,
};

/// A ready job that this process may take.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct Candidate {
    pub(in super::super) id: JobId,
    pub(in super::super) kind: String,
    pub(in super::super) user_id: Option<UserId>,
    pub(in super::super) priority: i32,
    pub(in super::super) run_at: DateTime<Utc>,
}

/// Owners that one step looks at; the house's own work is that of owner 0.
pub(in super::super) const OWNERS: usize = 64;

/// A part of a kind's ready jobs.
#[derive(Clone, Copy)]
pub(in super::super) struct Part<'a> {
    pub(in super::super) kind: &'a str,
    pub(in super::super) now: DateTime<Utc>,
    /// The first owner that is looked at.
    pub(in super::super) from_owner: i64,
    /// Jobs of one owner.
    pub(in super::super) of_owner: u64,
}

/// Whether anything is ready.
pub(in super::super) async fn any_ready(
    read: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let first: Option<JobId> = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.eq(JobState::Queued))
        .filter(job::Column::RunAt.lte(now))
        .limit(1)
        .into_tuple()
        .one(read)
        .await?;
    Ok(first.is_some())
}

#[derive(FromQueryResult)]
struct Kind {
    kind: String,
}

/// The kinds of which jobs are queued, now or for later.
pub(in super::super) async fn queued_kinds(
    read: &impl ConnectionTrait,
) -> Result<Vec<String>, DbErr> {
    let sql = "WITH RECURSIVE seen(kind) AS (\
                 SELECT min(kind) FROM jobs WHERE state = 'queued' \
                 UNION ALL \
                 SELECT (SELECT min(kind) FROM jobs \
                         WHERE state = 'queued' AND kind > seen.kind) \
                 FROM seen WHERE seen.kind IS NOT NULL) \
               SELECT kind FROM seen WHERE kind IS NOT NULL";
    let statement = Statement::from_string(read.get_database_backend(), sql);
    let kinds = Kind::find_by_statement(statement).all(read).await?;
    Ok(kinds.into_iter().map(|row| row.kind).collect())
}

#[derive(FromQueryResult)]
struct Owner {
    owner: i64,
}

/// The next owners of queued jobs of a kind, in order.
pub(in super::super) async fn owners(
    read: &impl ConnectionTrait,
    part: Part<'_>,
) -> Result<Vec<i64>, DbErr> {
    let sql = format!(
        "WITH RECURSIVE seen(owner) AS (\
           SELECT min(COALESCE(user_id, 0)) FROM jobs \
           WHERE state = 'queued' AND kind = $1 AND COALESCE(user_id, 0) >= $2 \
           UNION ALL \
           SELECT (SELECT min(COALESCE(user_id, 0)) FROM jobs \
                   WHERE state = 'queued' AND kind = $1 AND COALESCE(user_id, 0) > seen.owner) \
           FROM seen WHERE seen.owner IS NOT NULL) \
         SELECT owner FROM seen WHERE owner IS NOT NULL LIMIT {OWNERS}"
    );
    let values = [part.kind.into(), part.from_owner.into()];
    let statement = Statement::from_sql_and_values(read.get_database_backend(), sql, values);
    let owners = Owner::find_by_statement(statement).all(read).await?;
    Ok(owners.into_iter().map(|row| row.owner).collect())
}

/// The first ready jobs of each of these owners.
pub(in super::super) async fn heads(
    read: &impl ConnectionTrait,
    part: Part<'_>,
    owners: &[i64],
) -> Result<Vec<Candidate>, DbErr> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let backend = read.get_database_backend();
    let listed: Vec<String> = owners.iter().map(|owner| format!("({owner})")).collect();
    let listed = listed.join(", ");
    let head = format!(
        "FROM jobs AS head WHERE head.state = 'queued' AND head.kind = $1 \
         AND COALESCE(head.user_id, 0) = wanted.owner AND head.run_at <= $2 \
         ORDER BY head.run_at, head.id LIMIT {}",
        part.of_owner
    );
    let columns = "id, kind, user_id, priority, run_at";
    let wanted = format!("(SELECT column1 AS owner FROM (VALUES {listed}) AS given) AS wanted");
    let sql = match backend {
        DatabaseBackend::Postgres => {
            format!("SELECT head.* FROM {wanted}, LATERAL (SELECT {columns} {head}) AS head")
        }
        // It has no LATERAL, but walks a list of keys that depends on the outer row.
        _ => format!(
            "SELECT ready.id, ready.kind, ready.user_id, ready.priority, ready.run_at \
             FROM {wanted} CROSS JOIN jobs AS ready ON ready.id IN (SELECT head.id {head})"
        ),
    };
    let values = [part.kind.into(), part.now.into()];
    Candidate::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
        .all(read)
        .await
}

/// How many jobs of each user run, in all processes.
pub(in super::super) async fn running_by_user(
    read: &impl ConnectionTrait,
) -> Result<Vec<(UserId, i64)>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::UserId)
        .column_as(job::Column::Id.count(), "running")
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::UserId.is_not_null())
        .group_by(job::Column::UserId)
        .into_tuple()
        .all(read)
        .await
}
