//! Every statement on stores and documents. Finders take the owner, and hide what is deleted.

pub(super) mod console;
mod deletion;
mod survey;

pub(super) use deletion::{
    begin_purge, delete_documents_of, delete_store, half_deleted_stores, living_stores,
    lock_document, lock_store, remove_purged, restore_document, restore_documents_of,
    restore_store,
};
pub(super) use survey::{
    Walk, Which, deleted_stores, known_blobs, matching, next_to_index, of_other_embedding, sizes,
    stuck, totals,
};

use chrono::{DateTime, Utc};
use entities::{
    DocumentId, DocumentStatus, HoldId, JobId, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, ExprTrait,
    PaginatorTrait, QueryFilter, QueryOrder, Statement, sea_query::Expr,
};

use crate::platform::db::{Change, Entity, Txn};

pub(super) async fn stores_of(
    db: &impl ConnectionTrait,
    user: UserId,
) -> Result<Vec<store::Model>, DbErr> {
    store::Entity::find()
        .filter(store::Column::UserId.eq(user))
        .filter(store::Column::DeletedAt.is_null())
        .order_by_desc(store::Column::Id)
        .all(db)
        .await
}

pub(super) async fn count_stores(db: &impl ConnectionTrait, user: UserId) -> Result<u64, DbErr> {
    store::Entity::find()
        .filter(store::Column::UserId.eq(user))
        .filter(store::Column::DeletedAt.is_null())
        .count(db)
        .await
}

pub(super) async fn store_of(
    db: &impl ConnectionTrait,
    user: UserId,
    id: StoreId,
) -> Result<Option<store::Model>, DbErr> {
    store::Entity::find_by_id(id)
        .filter(store::Column::UserId.eq(user))
        .filter(store::Column::DeletedAt.is_null())
        .one(db)
        .await
}

/// How many of these stores the user owns.
pub(super) async fn count_owned(
    db: &impl ConnectionTrait,
    user: UserId,
    ids: &[StoreId],
) -> Result<u64, DbErr> {
    store::Entity::find()
        .filter(store::Column::Id.is_in(ids.iter().copied()))
        .filter(store::Column::UserId.eq(user))
        .filter(store::Column::DeletedAt.is_null())
        .count(db)
        .await
}

pub(super) async fn any_store(
    db: &impl ConnectionTrait,
    id: StoreId,
) -> Result<Option<store::Model>, DbErr> {
    store::Entity::find_by_id(id).one(db).await
}

pub(super) async fn insert_store(
    txn: &Txn,
    user: UserId,
    display_name: &str,
    fs_name: &str,
    now: DateTime<Utc>,
) -> Result<store::Model, DbErr> {
    store::Entity::insert(store::ActiveModel {
        user_id: Set(user),
        display_name: Set(display_name.to_owned()),
        fs_name: Set(fs_name.to_owned()),
        created_at: Set(now),
        ..Default::default()
    })
    .exec_with_returning(txn)
    .await
}

/// The documents of a store that the caller was found to own; newest first.
pub(super) async fn documents_of_store(
    db: &impl ConnectionTrait,
    user: UserId,
    store: StoreId,
) -> Result<Vec<document::Model>, DbErr> {
    document::Entity::find()
        .filter(document::Column::StoreId.eq(store))
        .filter(document::Column::UserId.eq(user))
        .filter(document::Column::DeletedAt.is_null())
        .order_by_desc(document::Column::Id)
        .all(db)
        .await
}

pub(super) async fn document_of(
    db: &impl ConnectionTrait,
    user: UserId,
    id: DocumentId,
) -> Result<Option<document::Model>, DbErr> {
    document::Entity::find_by_id(id)
        .filter(document::Column::UserId.eq(user))
        .filter(document::Column::DeletedAt.is_null())
        // The documents of a deleted store follow it in their time.
        .filter(document::Column::StoreId.in_subquery(living_stores()))
        .one(db)
        .await
}

/// A document whoever owns it and even when it is deleted: for jobs and admins.
pub(super) async fn any_document(
    db: &impl ConnectionTrait,
    id: DocumentId,
) -> Result<Option<document::Model>, DbErr> {
    document::Entity::find_by_id(id).one(db).await
}

pub(super) async fn insert_document(
    txn: &Txn,
    row: document::ActiveModel,
) -> Result<document::Model, DbErr> {
    let inserted = document::Entity::insert(row)
        .exec_with_returning(txn)
        .await?;
    announce(txn, &inserted);
    Ok(inserted)
}

/// Remembers which job and hold work on a document.
pub(super) async fn set_work(
    txn: &Txn,
    id: DocumentId,
    job: JobId,
    hold: Option<HoldId>,
) -> Result<(), DbErr> {
    document::Entity::update_many()
        .col_expr(document::Column::JobId, Expr::value(job))
        .col_expr(document::Column::HoldId, Expr::value(hold))
        .filter(document::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Remembers which hold pays for the work on a document.
pub(super) async fn set_hold(txn: &Txn, id: DocumentId, hold: HoldId) -> Result<(), DbErr> {
    document::Entity::update_many()
        .col_expr(document::Column::HoldId, Expr::value(hold))
        .filter(document::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Leaves a document that is to be indexed without a job.
pub(super) async fn interrupt(txn: &Txn, id: DocumentId, now: DateTime<Utc>) -> Result<(), DbErr> {
    set_status(id, DocumentStatus::Pending, None, now)
        .col_expr(document::Column::JobId, Expr::value(None::<JobId>))
        .filter(document::Column::Status.is_in([DocumentStatus::Pending, DocumentStatus::Running]))
        .exec(txn)
        .await?;
    Ok(())
}

pub(super) async fn set_purge_job(txn: &Txn, id: DocumentId, job: JobId) -> Result<(), DbErr> {
    document::Entity::update_many()
        .col_expr(document::Column::PurgeJobId, Expr::value(job))
        .filter(document::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Hides a document. `false`: somebody was faster.
pub(super) async fn delete_document(
    txn: &Txn,
    id: DocumentId,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let deleted = document::Entity::update_many()
        .col_expr(document::Column::DeletedAt, Expr::value(now))
        .col_expr(document::Column::DeletedBy, Expr::value(by))
        .col_expr(
            document::Column::Rev,
            Expr::col(document::Column::Rev).add(1),
        )
        .filter(document::Column::Id.eq(id))
        .filter(document::Column::DeletedAt.is_null())
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// What an indexing run learnt.
#[derive(Clone, Debug)]
pub(super) struct Indexed {
    pub(super) page_count: Option<i32>,
    pub(super) index_tokens: i64,
    pub(super) embedding_model: Option<String>,
    pub(super) generation: i64,
}

pub(super) async fn finish_document(
    txn: &Txn,
    id: DocumentId,
    indexed: &Indexed,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut update = set_status(id, DocumentStatus::Done, None, now)
        .col_expr(document::Column::PageCount, Expr::value(indexed.page_count))
        .col_expr(
            document::Column::IndexTokens,
            Expr::value(indexed.index_tokens),
        )
        .col_expr(
            document::Column::Generation,
            Expr::value(indexed.generation),
        );
    update = update.col_expr(
        document::Column::EmbeddingModel,
        Expr::value(indexed.embedding_model.clone()),
    );
    update.exec(txn).await?;
    announce_id(txn, id).await
}

/// Moves a document to a state, with the reason when it is an error.
pub(super) async fn change_status(
    txn: &Txn,
    id: DocumentId,
    status: DocumentStatus,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    set_status(id, status, reason, now).exec(txn).await?;
    announce_id(txn, id).await
}

fn set_status(
    id: DocumentId,
    status: DocumentStatus,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> sea_orm::UpdateMany<document::Entity> {
    document::Entity::update_many()
        .col_expr(document::Column::Status, Expr::value(status))
        .col_expr(document::Column::StatusUpdatedAt, Expr::value(now))
        .col_expr(
            document::Column::LastError,
            Expr::value(reason.map(str::to_owned)),
        )
        .col_expr(
            document::Column::Rev,
            Expr::col(document::Column::Rev).add(1),
        )
        .filter(document::Column::Id.eq(id))
}

pub(super) async fn remove_document(txn: &Txn, id: DocumentId) -> Result<(), DbErr> {
    document::Entity::delete_by_id(id).exec(txn).await?;
    Ok(())
}

async fn announce_id(txn: &Txn, id: DocumentId) -> Result<(), DbErr> {
    if let Some(row) = any_document(txn, id).await? {
        announce(txn, &row);
    }
    Ok(())
}

fn announce(txn: &Txn, row: &document::Model) {
    txn.announce(Change {
        entity: Entity::Document,
        id: row.id.to_string(),
        user_id: Some(row.user_id),
        rev: row.rev,
    });
}

/// Makes writes that count a user's rows wait for each other, in whatever process they run.
pub(super) async fn lock_owner(txn: &Txn, user: UserId) -> Result<(), DbErr> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        let lock = Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT 1 FROM users WHERE id = $1 FOR UPDATE",
            [user.into()],
        );
        txn.query_one_raw(lock).await?;
    }
    Ok(())
}
