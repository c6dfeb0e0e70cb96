//! Adding a job, once per key.

use chrono::{DateTime, Utc};
use entities::{JobId, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::OnConflict,
};

use super::{announce, log_act, wake_others};
use crate::platform::{db::Txn, jobs::state};

/// Inserts the row unless one of its keys is taken.
pub(in super::super) async fn insert(
    txn: &Txn,
    job: &job::Model,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    // Whichever key is taken, and without an error: on PostgreSQL it would end the transaction.
    let inserted = job::Entity::insert(job.clone().into_active_model())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    if inserted == 0 {
        return Ok(false);
    }
    log_act(txn, state::ENQUEUED, job, actor, now).await?;
    announce(txn, job);
    wake_others(txn).await?;
    Ok(true)
}

/// The job that this key made, whatever became of it.
pub(in super::super) async fn by_idempotency_key(
    txn: &Txn,
    kind: &str,
    user_id: Option<UserId>,
    key: &str,
) -> Result<Option<JobId>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Kind.eq(kind))
        .filter(match user_id {
            Some(user) => job::Column::UserId.eq(user),
            None => job::Column::UserId.is_null(),
        })
        .filter(job::Column::IdempotencyKey.eq(key))
        .into_tuple()
        .one(txn)
        .await
}

/// The job with this key that is not over.
pub(in super::super) async fn by_duplicate_key(
    txn: &Txn,
    kind: &str,
    key: &str,
) -> Result<Option<JobId>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::DuplicateKey.eq(key))
        .filter(job::Column::State.is_not_in(state::ENDED.iter().copied()))
        .into_tuple()
        .one(txn)
        .await
}
