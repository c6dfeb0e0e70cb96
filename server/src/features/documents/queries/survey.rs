//! What duties, admins and filters look for, beyond one row.

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, DocumentStatus, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

use super::living_stores;
use crate::{
    features::documents::PurgeDocument,
    platform::{
        jobs::{JobHandler, needed_by_a_job},
        storage::BlobKey,
    },
};

/// Which documents are meant.
pub(in super::super) type Which = Condition;

/// Documents that have been `RUNNING` or `PENDING` since before `since`, though no job works on
/// them or waits to.
pub(in super::super) fn stuck(since: DateTime<Utc>, user: Option<UserId>) -> Condition {
    let at_work = needed_by_a_job("document", "documents.id", PurgeDocument::KIND);
    Condition::all()
        .add(document::Column::Status.is_in([DocumentStatus::Running, DocumentStatus::Pending]))
        .add(document::Column::StatusUpdatedAt.lt(since))
        .add(Expr::cust(format!("NOT {at_work}")))
        .add_option(user.map(|user| document::Column::UserId.eq(user)))
}

/// Finished documents whose vectors were made by another model than `model`.
pub(in super::super) fn of_other_embedding(model: &str) -> Condition {
    let other = Condition::any()
        .add(document::Column::EmbeddingModel.is_null())
        .add(document::Column::EmbeddingModel.ne(model));
    Condition::all()
        .add(document::Column::Status.eq(DocumentStatus::Done))
        .add(other)
}

/// What a walk over documents to be indexed again does not come back to.
#[derive(Default)]
pub(in super::super) struct Walk {
    pub(in super::super) seen: Vec<DocumentId>,
    pub(in super::super) without_money: Vec<UserId>,
}

/// The next of those documents, the cheapest first: who cannot pay for one cannot pay for the
/// others either.
pub(in super::super) async fn next_to_index(
    db: &impl ConnectionTrait,
    which: &Condition,
    walk: &Walk,
    limit: u64,
) -> Result<Vec<document::Model>, DbErr> {
    document::Entity::find()
        .filter(which.clone())
        .filter(document::Column::DeletedAt.is_null())
        .filter(document::Column::StoreId.in_subquery(living_stores()))
        .filter(document::Column::Id.is_not_in(walk.seen.iter().copied()))
        .filter(document::Column::UserId.is_not_in(walk.without_money.iter().copied()))
        .order_by_asc(Expr::cust("COALESCE(index_tokens, estimated_tokens)"))
        .order_by_asc(document::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

/// Deleted stores, newest first.
pub(in super::super) async fn deleted_stores(
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<store::Model>, DbErr> {
    store::Entity::find()
        .filter(store::Column::DeletedAt.is_not_null())
        .order_by_desc(store::Column::DeletedAt)
        .limit(limit)
        .all(db)
        .await
}

/// Stores and documents that are not deleted, over the whole house.
pub(in super::super) async fn totals(db: &impl ConnectionTrait) -> Result<(u64, u64), DbErr> {
    let stores = store::Entity::find()
        .filter(store::Column::DeletedAt.is_null())
        .count(db)
        .await?;
    let documents = document::Entity::find()
        .filter(document::Column::DeletedAt.is_null())
        .count(db)
        .await?;
    Ok((stores, documents))
}

/// Documents whose attributes have one of the given values each.
pub(in super::super) async fn matching(
    db: &impl ConnectionTrait,
    user: UserId,
    stores: &[StoreId],
    filter: &[(String, Vec<String>)],
) -> Result<Vec<DocumentId>, DbErr> {
    let mut query = document::Entity::find()
        .filter(document::Column::UserId.eq(user))
        .filter(document::Column::StoreId.is_in(stores.iter().copied()))
        .filter(document::Column::DeletedAt.is_null());
    for (attribute, values) in filter {
        let values = values.iter().map(String::as_str);
        query = match attribute.as_str() {
            "filename" => query.filter(document::Column::Filename.is_in(values)),
            "display_name" => query.filter(document::Column::DisplayName.is_in(values)),
            "media_type" => query.filter(document::Column::MediaType.is_in(values)),
            _ => {
                let ids = values.filter_map(|id| id.parse().ok().map(DocumentId));
                query.filter(document::Column::Id.is_in(ids))
            }
        };
    }
    Ok(query.all(db).await?.into_iter().map(|row| row.id).collect())
}

/// Those of these blobs that a document names.
pub(in super::super) async fn known_blobs(
    db: &impl ConnectionTrait,
    keys: &[BlobKey],
) -> Result<std::collections::HashSet<String>, DbErr> {
    let known: Vec<String> = document::Entity::find()
        .select_only()
        .column(document::Column::BlobKey)
        .filter(document::Column::BlobKey.is_in(keys.iter().map(BlobKey::as_str)))
        .into_tuple()
        .all(db)
        .await?;
    Ok(known.into_iter().collect())
}

/// How many documents these stores have, and of how many bytes; stores without are absent.
pub(in super::super) async fn sizes(
    db: &impl ConnectionTrait,
    stores: &[StoreId],
) -> Result<std::collections::HashMap<StoreId, (i64, i64)>, DbErr> {
    let rows: Vec<(StoreId, i64, i64)> = document::Entity::find()
        .select_only()
        .column(document::Column::StoreId)
        .column_as(document::Column::Id.count(), "held_documents")
        // PostgreSQL sums 64-bit integers into a numeric.
        .column_as(Expr::cust("CAST(SUM(size_bytes) AS BIGINT)"), "held_bytes")
        .filter(document::Column::StoreId.is_in(stores.iter().copied()))
        .group_by(document::Column::StoreId)
        .into_tuple()
        .all(db)
        .await?;
    let sizes = rows.into_iter();
    Ok(sizes
        .map(|(store, documents, bytes)| (store, (documents, bytes)))
        .collect())
}
