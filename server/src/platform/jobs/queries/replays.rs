//! The two links of a replay.

use chrono::{DateTime, Utc};
use entities::{JobId, JobState, UserId, jobs::job};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};

use super::{announce, log_act};
use crate::platform::{db::Txn, jobs::state};

/// Keeps others from replaying this job until the transaction ends. False: it did not end badly, or
/// it was replayed.
pub(in super::super) async fn lock(txn: &Txn, old: JobId) -> Result<bool, DbErr> {
    let locked = job::Entity::update_many()
        .col_expr(job::Column::Rev, Expr::col(job::Column::Rev))
        .filter(job::Column::Id.eq(old))
        .filter(job::Column::State.is_in([JobState::Failed, JobState::Cancelled]))
        .filter(job::Column::ReplayedBy.is_null())
        .exec(txn)
        .await?;
    Ok(locked.rows_affected == 1)
}

/// Names the new job in the old one, and logs it there.
pub(in super::super) async fn link(
    txn: &Txn,
    old: JobId,
    new: JobId,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let linked = job::Entity::update_many()
        .col_expr(job::Column::ReplayedBy, Expr::value(new))
        .col_expr(job::Column::UpdatedAt, Expr::value(now))
        .col_expr(job::Column::Rev, Expr::col(job::Column::Rev).add(1))
        .filter(job::Column::Id.eq(old))
        .exec_with_returning(txn)
        .await?;
    for job in &linked {
        log_act(txn, state::REPLAYED, job, actor, now).await?;
        announce(txn, job);
    }
    Ok(())
}
