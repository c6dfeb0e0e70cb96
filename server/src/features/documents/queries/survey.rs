//! What duties, admins and filters look for, beyond one row.

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, DocumentStatus, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::platform::storage::BlobKey;

/// Documents that have been `RUNNING` or `PENDING` since before `since`: candidates for a reset.
pub(in super::super) async fn stuck(
    db: &impl ConnectionTrait,
    since: DateTime<Utc>,
    user: Option<UserId>,
) -> Result<Vec<document::Model>, DbErr> {
    let mut query = document::Entity::find()
        .filter(document::Column::Status.is_in([DocumentStatus::Running, DocumentStatus::Pending]))
        .filter(document::Column::StatusUpdatedAt.lt(since))
        .filter(document::Column::DeletedAt.is_null());
    if let Some(user) = user {
        query = query.filter(document::Column::UserId.eq(user));
    }
    query
        .order_by_asc(document::Column::Id)
        .limit(1_000)
        .all(db)
        .await
}

/// Finished documents whose vectors were made by another model than `model`.
pub(in super::super) async fn with_other_embedding(
    db: &impl ConnectionTrait,
    model: &str,
    limit: u64,
) -> Result<Vec<document::Model>, DbErr> {
    document::Entity::find()
        .filter(document::Column::Status.eq(DocumentStatus::Done))
        .filter(document::Column::DeletedAt.is_null())
        .filter(
            Condition::any()
                .add(document::Column::EmbeddingModel.is_null())
                .add(document::Column::EmbeddingModel.ne(model)),
        )
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
        .column_as(
            sea_orm::sea_query::Expr::cust("CAST(SUM(size_bytes) AS BIGINT)"),
            "held_bytes",
        )
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
