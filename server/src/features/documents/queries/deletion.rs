//! The statements by which stores and documents are hidden, brought back and removed.

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, LockType, SelectStatement},
};

use crate::platform::db::Txn;

/// The stores that are not deleted.
pub(in super::super) fn living_stores() -> SelectStatement {
    store::Entity::find()
        .select_only()
        .column(store::Column::Id)
        .filter(store::Column::DeletedAt.is_null())
        .into_query()
}

/// Marks a store as deleted. False: it is already.
pub(in super::super) async fn delete_store(
    txn: &Txn,
    id: StoreId,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let deleted = store::Entity::update_many()
        .col_expr(store::Column::DeletedAt, Expr::value(now))
        .col_expr(store::Column::DeletedBy, Expr::value(by))
        .filter(store::Column::Id.eq(id))
        .filter(store::Column::DeletedAt.is_null())
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// A store as it is, deleted or not, until the transaction ends. Whoever uploads into it need not
/// wait.
pub(in super::super) async fn lock_store(
    txn: &Txn,
    id: StoreId,
) -> Result<Option<store::Model>, DbErr> {
    store::Entity::find_by_id(id)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await
}

/// A document as it is, deleted or not, until the transaction ends. Its store is locked before it.
pub(in super::super) async fn lock_document(
    txn: &Txn,
    id: DocumentId,
) -> Result<Option<document::Model>, DbErr> {
    document::Entity::find_by_id(id)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await
}

/// Makes whoever else changes whether a store is deleted wait. False: it is not.
async fn lock_deleted(txn: &Txn, id: StoreId) -> Result<bool, DbErr> {
    let locked = lock_store(txn, id).await?;
    Ok(locked.is_some_and(|store| store.deleted_at.is_some()))
}

/// Marks up to `limit` documents of a deleted store, beyond one of them, as deleted with it. Answers
/// which.
pub(in super::super) async fn delete_documents_of(
    txn: &Txn,
    (id, after): (StoreId, DocumentId),
    by: UserId,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<DocumentId>, DbErr> {
    if !lock_deleted(txn, id).await? {
        return Ok(Vec::new());
    }
    let page: Vec<DocumentId> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::StoreId.eq(id))
        .filter(document::Column::DeletedAt.is_null())
        .filter(document::Column::Id.gt(after))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        // Its owner may be deleting one of them alone.
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(txn)
        .await?;
    document::Entity::update_many()
        .col_expr(document::Column::DeletedAt, Expr::value(now))
        .col_expr(document::Column::DeletedBy, Expr::value(by))
        .col_expr(document::Column::DeletedWithStore, Expr::value(true))
        .col_expr(
            document::Column::Rev,
            Expr::col(document::Column::Rev).add(1),
        )
        .filter(document::Column::Id.is_in(page.iter().copied()))
        .exec(txn)
        .await?;
    Ok(page)
}

/// Deleted stores with documents that are not.
pub(in super::super) async fn half_deleted_stores(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<store::Model>, DbErr> {
    let living = document::Entity::find()
        .select_only()
        .column(document::Column::StoreId)
        .filter(document::Column::DeletedAt.is_null())
        .into_query();
    store::Entity::find()
        .filter(store::Column::DeletedAt.is_not_null())
        .filter(store::Column::Id.in_subquery(living))
        .order_by_asc(store::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Takes back the deletion of up to `limit` documents that were deleted with their store, but for
/// those whose removal has begun. Answers those, as they were.
pub(in super::super) async fn restore_documents_of(
    txn: &Txn,
    id: StoreId,
    limit: u64,
) -> Result<Vec<document::Model>, DbErr> {
    lock_deleted(txn, id).await?;
    let page = document::Entity::find()
        .filter(document::Column::StoreId.eq(id))
        .filter(document::Column::DeletedWithStore.eq(true))
        .filter(document::Column::PurgingAt.is_null())
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .lock(LockType::NoKeyUpdate)
        .all(txn)
        .await?;
    let ids = page.iter().map(|document| document.id);
    undelete(txn, Condition::all().add(document::Column::Id.is_in(ids))).await?;
    Ok(page)
}

/// Shows a store again. False: there are documents yet to be brought back.
pub(in super::super) async fn restore_store(txn: &Txn, id: StoreId) -> Result<bool, DbErr> {
    lock_deleted(txn, id).await?;
    let left = document::Entity::find()
        .filter(document::Column::StoreId.eq(id))
        .filter(document::Column::DeletedWithStore.eq(true))
        .filter(document::Column::PurgingAt.is_null())
        .count(txn)
        .await?;
    if left > 0 {
        return Ok(false);
    }
    store::Entity::update_many()
        .col_expr(
            store::Column::DeletedAt,
            Expr::value(Option::<DateTime<Utc>>::None),
        )
        .col_expr(store::Column::DeletedBy, Expr::value(Option::<i64>::None))
        .filter(store::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(true)
}

/// Brings a document back. False: its removal has begun.
pub(in super::super) async fn restore_document(txn: &Txn, id: DocumentId) -> Result<bool, DbErr> {
    let restored = undelete(txn, Condition::all().add(document::Column::Id.eq(id))).await?;
    Ok(restored == 1)
}

async fn undelete(txn: &Txn, which: Condition) -> Result<u64, DbErr> {
    let restored = document::Entity::update_many()
        .col_expr(
            document::Column::DeletedAt,
            Expr::value(Option::<DateTime<Utc>>::None),
        )
        .col_expr(
            document::Column::DeletedBy,
            Expr::value(Option::<i64>::None),
        )
        .col_expr(document::Column::DeletedWithStore, Expr::value(false))
        .col_expr(
            document::Column::PurgeJobId,
            Expr::value(Option::<uuid::Uuid>::None),
        )
        .col_expr(
            document::Column::Rev,
            Expr::col(document::Column::Rev).add(1),
        )
        .filter(which)
        .filter(document::Column::PurgingAt.is_null())
        .exec(txn)
        .await?;
    Ok(restored.rows_affected)
}

/// Marks a deleted document as being removed for good. False: it is not deleted any more.
pub(in super::super) async fn begin_purge(
    txn: &Txn,
    id: DocumentId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let claimed = document::Entity::update_many()
        .col_expr(document::Column::PurgingAt, Expr::value(now))
        .filter(document::Column::Id.eq(id))
        .filter(document::Column::DeletedAt.is_not_null())
        .exec(txn)
        .await?;
    Ok(claimed.rows_affected == 1)
}

/// Removes a document whose removal has begun, when nothing else is left of it.
pub(in super::super) async fn remove_purged(txn: &Txn, id: DocumentId) -> Result<(), DbErr> {
    document::Entity::delete_by_id(id)
        .filter(document::Column::PurgingAt.is_not_null())
        .exec(txn)
        .await?;
    Ok(())
}
