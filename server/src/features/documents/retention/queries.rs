//! The statements by which stores and documents go.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, JobId, UserId,
    library::{document, store},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Statement, sea_query::Expr,
};

use crate::{
    features::documents::PurgeDocument,
    platform::{
        db::Txn,
        jobs::{JobHandler, needed_by_a_job},
        retention::{Expiring, Tally},
        retrieval::passages_of,
    },
};

/// SQL: deleted before `$1`, and no job but the one that purges them still needs them.
fn doomed_documents() -> String {
    let needed = needed();
    format!("documents.deleted_at < $1 AND NOT {needed}")
}

/// SQL: of those, what cannot be brought back any more.
fn purging() -> String {
    format!(
        "documents.purging_at IS NOT NULL AND {}",
        doomed_documents()
    )
}

fn needed() -> String {
    needed_by_a_job("document", "documents.id", PurgeDocument::KIND)
}

fn deleted_documents(condition: impl Into<String>) -> Expiring {
    Expiring::of("documents", condition)
        .held_back(format!("documents.deleted_at < $1 AND {}", needed()))
        .at("deleted_at")
        .user("user_id")
        .texts(&["filename", "display_name", "last_error"])
        .blobs("size_bytes")
}

/// Deleted stores that the documents which go leave empty.
pub(super) fn emptied_stores() -> Expiring {
    let kept = format!(
        "EXISTS (SELECT 1 FROM documents WHERE documents.store_id = stores.id AND NOT \
         (documents.deleted_at IS NOT NULL AND {}))",
        doomed_documents()
    );
    Expiring::of("stores", format!("stores.deleted_at < $1 AND NOT {kept}"))
        .held_back(format!("stores.deleted_at < $1 AND {kept}"))
        .once("NOT EXISTS (SELECT 1 FROM documents WHERE documents.store_id = stores.id)")
        .at("deleted_at")
        .user("user_id")
        .texts(&["display_name", "fs_name"])
}

/// What goes of deleted documents: their place in the index, their rows, their originals.
pub(super) async fn survey_deleted(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<Tally, DbErr> {
    let doomed = doomed_documents();
    let mut all = deleted_documents(doomed.as_str())
        .survey(db, &[before.into()])
        .await?;
    for table in passages_of(&format!("SELECT id FROM documents WHERE {doomed}")) {
        all.add(table.survey(db, &[before.into()]).await?);
    }
    Ok(all)
}

/// Marks up to `limit` of the deleted documents as being removed for good.
pub(super) async fn begin_purge(
    txn: &Txn,
    before: DateTime<Utc>,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let sql = format!(
        "UPDATE documents SET purging_at = $2 WHERE purging_at IS NULL AND deleted_at < $1 AND id IN \
         (SELECT id FROM documents WHERE purging_at IS NULL AND {} ORDER BY id LIMIT {limit})",
        doomed_documents()
    );
    let values = [before.into(), now.into()];
    let update = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    Ok(txn.execute_raw(update).await?.rows_affected())
}

/// Takes up to `limit` vectors, or passages when there are none, of deleted documents.
pub(super) async fn remove_from_index(
    txn: &Txn,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Tally, DbErr> {
    let doomed = format!("SELECT id FROM documents WHERE {}", purging());
    for table in passages_of(&doomed) {
        let removed = table.delete(txn, &[before.into()], Some(limit)).await?;
        if !removed.is_empty() {
            return Ok(removed);
        }
    }
    Ok(Tally::default())
}

/// A deleted document on its way out.
#[derive(Clone, Debug)]
pub(super) struct Doomed {
    pub(super) id: DocumentId,
    pub(super) blob_key: String,
    pub(super) purge_job: Option<JobId>,
}

pub(super) async fn doomed(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Doomed>, DbErr> {
    let sql = format!(
        "SELECT id, blob_key, purge_job_id FROM documents WHERE {} ORDER BY id LIMIT {limit}",
        purging()
    );
    let backend = db.get_database_backend();
    db.query_all_raw(Statement::from_sql_and_values(
        backend,
        sql,
        [before.into()],
    ))
    .await?
    .iter()
    .map(|row| {
        Ok(Doomed {
            id: row.try_get("", "id")?,
            blob_key: row.try_get("", "blob_key")?,
            purge_job: row.try_get("", "purge_job_id")?,
        })
    })
    .collect()
}

/// Deletes those of the documents that are still to go.
pub(super) async fn remove_doomed(
    txn: &Txn,
    doomed: &[Doomed],
    before: DateTime<Utc>,
) -> Result<Tally, DbErr> {
    let ids: Vec<String> = doomed.iter().map(|one| one.id.to_string()).collect();
    let condition = format!("id IN ({}) AND {}", ids.join(", "), purging());
    deleted_documents(condition)
        .delete(txn, &[before.into()], None)
        .await
}

/// Those of the documents that have a row.
pub(super) async fn still_there(
    db: &impl ConnectionTrait,
    ids: &[DocumentId],
) -> Result<HashSet<DocumentId>, DbErr> {
    let found: Vec<DocumentId> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(document::Column::Id.is_in(ids.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
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
