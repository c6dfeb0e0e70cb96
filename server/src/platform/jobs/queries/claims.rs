//! Choosing and taking ready jobs, keeping the leases, finding the lost ones.

use chrono::{DateTime, Utc};
use entities::{
    JobId, JobState,
    jobs::{job, job_event},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement, Value, sea_query::Expr,
};
use uuid::Uuid;

use super::{announce, line};
use crate::platform::{db::Txn, jobs::state::Transition};

/// A ready job that this process may take.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct Candidate {
    pub(in super::super) id: JobId,
    pub(in super::super) kind: String,
}

/// What to choose from.
pub(in super::super) struct Choice {
    pub(in super::super) now: DateTime<Utc>,
    /// Kinds of which this process runs as many as it may.
    pub(in super::super) full_kinds: Vec<&'static str>,
    pub(in super::super) per_user: u32,
    pub(in super::super) limit: u64,
}

/// Ready jobs in the order in which they should run: by priority, then every user's first, every
/// user's second and so on, so that one user's five hundred do not hold up the others. What a user
/// already has running counts as turns taken.
///
/// It reads only: an idle worker's look at the queue must not cost a write transaction.
pub(in super::super) async fn choose(
    read: &DatabaseConnection,
    choice: &Choice,
) -> Result<Vec<Candidate>, DbErr> {
    let mut values: Vec<Value> = vec![
        choice.now.into(),
        i64::from(choice.per_user).into(),
        i64::try_from(choice.limit).unwrap_or(i64::MAX).into(),
    ];
    let mut not_full = String::new();
    if !choice.full_kinds.is_empty() {
        let marks = placeholders(values.len() + 1, choice.full_kinds.len());
        not_full = format!("AND ready.kind NOT IN ({marks})");
        values.extend(choice.full_kinds.iter().map(|kind| Value::from(*kind)));
    }
    let sql = format!(
        "SELECT id, kind FROM (\
           SELECT ready.id, ready.kind, ready.user_id, ready.priority, ready.run_at, \
                  COALESCE(busy.running, 0) + row_number() OVER (\
                    PARTITION BY ready.user_id ORDER BY ready.priority, ready.run_at, ready.id\
                  ) AS turn \
           FROM jobs AS ready \
           LEFT JOIN (SELECT user_id, count(*) AS running FROM jobs \
                      WHERE state = 'running' GROUP BY user_id) AS busy \
             ON busy.user_id = ready.user_id \
           WHERE ready.state = 'queued' AND ready.run_at <= $1 {not_full}\
         ) AS waiting \
         WHERE user_id IS NULL OR turn <= $2 \
         ORDER BY priority, turn, run_at, id LIMIT $3"
    );
    let backend = read.get_database_backend();
    Candidate::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
        .all(read)
        .await
}

/// Who takes jobs, and until when.
#[derive(Clone, Copy)]
pub(in super::super) struct Taker {
    pub(in super::super) process_id: Uuid,
    pub(in super::super) now: DateTime<Utc>,
    pub(in super::super) lease_until: DateTime<Utc>,
}

/// Takes at most `limit` of the candidates, the first of them first, passing over those that
/// another worker has taken or is taking.
pub(in super::super) async fn take(
    txn: &Txn,
    candidates: &[JobId],
    limit: u64,
    by: Taker,
) -> Result<Vec<job::Model>, DbErr> {
    if candidates.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let backend = txn.get_database_backend();
    let mut values: Vec<Value> = vec![
        by.now.into(),
        by.lease_until.into(),
        by.process_id.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ];
    let rows: Vec<String> = candidates
        .iter()
        .enumerate()
        .map(|(rank, id)| {
            values.push(id.0.into());
            format!("(${}, {rank})", values.len())
        })
        .collect();
    // SQLite has one writer and no row locks.
    let lock = match backend {
        DatabaseBackend::Postgres => "FOR UPDATE OF jobs SKIP LOCKED",
        _ => "",
    };
    // Not a plain sub-select: PostgreSQL may run a locking one several times and pass its LIMIT.
    let sql = format!(
        "WITH candidate AS (SELECT column1 AS id, column2 AS place FROM (VALUES {rows}) AS given), \
         picked AS MATERIALIZED (\
           SELECT jobs.id FROM jobs JOIN candidate ON candidate.id = jobs.id \
           WHERE jobs.state = 'queued' AND jobs.run_at <= $1 \
           ORDER BY candidate.place LIMIT $4 {lock}) \
         UPDATE jobs SET state = 'running', claim = claim + 1, lease_until = $2, process_id = $3, \
           started_at = COALESCE(started_at, $1), leased_at = $1, updated_at = $1, rev = rev + 1 \
         WHERE id IN (SELECT id FROM picked) RETURNING *",
        rows = rows.join(", "),
    );
    let taken = job::Model::find_by_statement(Statement::from_sql_and_values(backend, sql, values))
        .all(txn)
        .await?;
    if !taken.is_empty() {
        let lines = taken
            .iter()
            .map(|job| line(Transition::Lease.event(), job, by.now));
        job_event::Entity::insert_many(lines)
            .exec_without_returning(txn)
            .await?;
        for job in &taken {
            announce(txn, job);
        }
    }
    Ok(taken)
}

/// Prolongs the leases that this process still holds and names them with their claims.
pub(in super::super) async fn renew(
    txn: &Txn,
    jobs: &[JobId],
    process_id: Uuid,
    lease_until: DateTime<Utc>,
) -> Result<Vec<(JobId, i64)>, DbErr> {
    let kept = job::Entity::update_many()
        .col_expr(job::Column::LeaseUntil, Expr::value(lease_until))
        .filter(job::Column::Id.is_in(jobs.iter().copied()))
        .filter(job::Column::ProcessId.eq(process_id))
        .filter(job::Column::State.eq(JobState::Running))
        .exec_with_returning(txn)
        .await?;
    Ok(kept.into_iter().map(|job| (job.id, job.claim)).collect())
}

/// The running jobs of this process whose owner wants them stopped.
pub(in super::super) async fn cancelled(
    read: &DatabaseConnection,
    process_id: Uuid,
) -> Result<Vec<(JobId, i64)>, DbErr> {
    job::Entity::find()
        .select_only()
        .columns([job::Column::Id, job::Column::Claim])
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::ProcessId.eq(process_id))
        .filter(job::Column::CancelRequestedAt.is_not_null())
        .into_tuple()
        .all(read)
        .await
}

/// Running jobs whose worker fell silent, the longest silent first.
pub(in super::super) async fn expired(
    read: &DatabaseConnection,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::LeaseUntil.lt(now))
        .order_by_asc(job::Column::LeaseUntil)
        .limit(limit)
        .all(read)
        .await
}

fn placeholders(first: usize, count: usize) -> String {
    (first..first + count)
        .map(|number| format!("${number}"))
        .collect::<Vec<_>>()
        .join(", ")
}
