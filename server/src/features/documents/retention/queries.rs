//! The statements by which stores and documents go.

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::platform::db::Txn;

/// Deletes up to `limit` stores that were deleted before an instant and have no document left.
pub(super) async fn expire_stores(
    txn: &Txn,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, DbErr> {
    let filled = Query::select()
        .expr(Expr::value(1))
        .from(document::Entity)
        .and_where(
            Expr::col((document::Entity, document::Column::StoreId))
                .equals((store::Entity, store::Column::Id)),
        )
        .to_owned();
    let empty = store::Entity::find()
        .select_only()
        .column(store::Column::Id)
        .filter(store::Column::DeletedAt.lt(before))
        .filter(Expr::exists(filled).not())
        .limit(limit)
        .into_query();
    let deleted = store::Entity::delete_many()
        .filter(store::Column::Id.in_subquery(empty))
        // Brought back meanwhile: PostgreSQL checks this on the newest version of the row.
        .filter(store::Column::DeletedAt.lt(before))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}

/// Up to `limit` documents of a user, deleted or not, with their originals.
pub(super) async fn documents(
    db: &impl ConnectionTrait,
    user: UserId,
    limit: u64,
) -> Result<Vec<(DocumentId, String)>, DbErr> {
    document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .column(document::Column::BlobKey)
        .filter(document::Column::UserId.eq(user))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await
}

/// Deletes these documents and, when there are none, up to `limit` of the user's stores. Takes the
/// user's number from what they deleted of others.
pub(super) async fn erase(
    txn: &Txn,
    user: UserId,
    documents: &[DocumentId],
    limit: u64,
) -> Result<u64, DbErr> {
    if !documents.is_empty() {
        let deleted = document::Entity::delete_many()
            .filter(document::Column::Id.is_in(documents.iter().copied()))
            .exec(txn)
            .await?;
        return Ok(deleted.rows_affected);
    }
    let stores = store::Entity::find()
        .select_only()
        .column(store::Column::Id)
        .filter(store::Column::UserId.eq(user))
        .limit(limit)
        .into_query();
    let deleted = store::Entity::delete_many()
        .filter(store::Column::Id.in_subquery(stores))
        .exec(txn)
        .await?
        .rows_affected;
    if deleted > 0 {
        return Ok(deleted);
    }
    let nobody = Expr::value(None::<i64>);
    let documents = document::Entity::update_many()
        .col_expr(document::Column::DeletedBy, nobody.clone())
        .filter(document::Column::DeletedBy.eq(user))
        .exec(txn)
        .await?;
    let stores = store::Entity::update_many()
        .col_expr(store::Column::DeletedBy, nobody)
        .filter(store::Column::DeletedBy.eq(user))
        .exec(txn)
        .await?;
    Ok(documents.rows_affected + stores.rows_affected)
}

pub(super) async fn remaining(db: &impl ConnectionTrait, user: UserId) -> Result<u64, DbErr> {
    let documents = document::Entity::find()
        .filter(
            Condition::any()
                .add(document::Column::UserId.eq(user))
                .add(document::Column::DeletedBy.eq(user)),
        )
        .count(db)
        .await?;
    let stores = store::Entity::find()
        .filter(
            Condition::any()
                .add(store::Column::UserId.eq(user))
                .add(store::Column::DeletedBy.eq(user)),
        )
        .count(db)
        .await?;
    Ok(documents + stores)
}
