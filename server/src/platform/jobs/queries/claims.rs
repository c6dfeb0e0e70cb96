//! Choosing and taking ready jobs, keeping the leases, finding the lost ones.

use chrono::{DateTime, Utc};
use entities::{
    JobId, JobState,
    jobs::{job, job_event},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, ExprTrait as _,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, Value,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{announce, line, tell};
use crate::platform::{db::Txn, jobs::state::Transition};

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
    // The state as an expression: PostgreSQL, for which hardly a job is queued, would else read all
    // that are instead of looking up the candidates.
    // Not a plain sub-select: PostgreSQL may run a locking one several times and pass its LIMIT.
    let sql = format!(
        "WITH candidate AS (SELECT column1 AS id, column2 AS place FROM (VALUES {rows}) AS given), \
         picked AS MATERIALIZED (\
           SELECT jobs.id FROM jobs JOIN candidate ON candidate.id = jobs.id \
           WHERE jobs.state || '' = 'queued' AND jobs.run_at <= $1 \
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
            tell(txn, Transition::Lease.event(), job, None);
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
    read: &impl ConnectionTrait,
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
    read: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: Option<(DateTime<Utc>, JobId)>,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    let beyond = after.map(|(until, id)| {
        let at_once = job::Column::LeaseUntil
            .eq(until)
            .and(job::Column::Id.gt(id));
        job::Column::LeaseUntil.gt(until).or(at_once)
    });
    job::Entity::find()
        .filter(job::Column::State.eq(JobState::Running))
        .filter(job::Column::LeaseUntil.lt(now))
        .apply_if(beyond, QueryFilter::filter)
        .order_by_asc(job::Column::LeaseUntil)
        .order_by_asc(job::Column::Id)
        .limit(limit)
        .all(read)
        .await
}
