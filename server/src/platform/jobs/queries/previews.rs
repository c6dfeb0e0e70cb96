//! Previews of bulk acts.

use chrono::{DateTime, Utc};
use entities::{UserId, jobs::job_preview};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};
use uuid::Uuid;

use crate::platform::db::Txn;

/// Adds a preview, and removes those whose time is over.
pub(in super::super) async fn insert(txn: &Txn, row: &job_preview::Model) -> Result<(), DbErr> {
    job_preview::Entity::delete_many()
        .filter(job_preview::Column::ExpiresAt.lte(row.created_at))
        .exec(txn)
        .await?;
    job_preview::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Takes a preview away, for the person who made it; `None` when it is not there or too old.
pub(in super::super) async fn take(
    txn: &Txn,
    id: Uuid,
    actor: UserId,
    now: DateTime<Utc>,
) -> Result<Option<job_preview::Model>, DbErr> {
    let found = job_preview::Entity::find_by_id(id)
        .filter(job_preview::Column::ActorUserId.eq(actor))
        .filter(job_preview::Column::ExpiresAt.gt(now))
        .one(txn)
        .await?;
    if found.is_none() {
        return Ok(None);
    }
    let taken = job_preview::Entity::delete_many()
        .filter(job_preview::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(found.filter(|_| taken.rows_affected == 1))
}

/// The preview of a job.
pub(in super::super) async fn find(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<job_preview::Model>, DbErr> {
    job_preview::Entity::find_by_id(id).one(connection).await
}

/// Removes the preview of a job.
pub(in super::super) async fn remove(txn: &Txn, id: Uuid) -> Result<(), DbErr> {
    job_preview::Entity::delete_by_id(id).exec(txn).await?;
    Ok(())
}

/// Removes the previews of a person; answers how many.
pub(in super::super) async fn erase(txn: &Txn, actor: UserId) -> Result<u64, DbErr> {
    let erased = job_preview::Entity::delete_many()
        .filter(job_preview::Column::ActorUserId.eq(actor))
        .exec(txn)
        .await?;
    Ok(erased.rows_affected)
}

/// How many previews a person has.
pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    actor: UserId,
) -> Result<u64, DbErr> {
    job_preview::Entity::find()
        .filter(job_preview::Column::ActorUserId.eq(actor))
        .count(connection)
        .await
}
