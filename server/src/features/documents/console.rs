//! What the console shows of the library: sizes, states and times. Names and text stay with their
//! owners.

use ::api::filter::{self, Schema};
use chrono::{DateTime, Utc};
use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, sea_query::Expr};

use super::{Documents, DocumentsError, error, queries};
use crate::platform::paging::{Column, Columns, Counted, Key, Listing, Page};

struct Fields;

impl Columns for Fields {
    fn column(&self, field: &str) -> Option<Column> {
        let column = |column| Expr::col((document::Entity, column));
        Some(match field {
            "id" => Column::of(self.id()),
            "store" => Column::of(column(document::Column::StoreId)),
            "status" => Column::of(column(document::Column::Status)),
            "bytes" => Column::of(column(document::Column::SizeBytes)),
            "created" | "age" => Column::of(column(document::Column::CreatedAt)),
            "deleted" => {
                let never = Key::Time(DateTime::UNIX_EPOCH);
                Column::nullable(column(document::Column::DeletedAt), never)
            }
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        Expr::col((document::Entity, document::Column::Id))
    }

    fn texts(&self) -> Vec<Expr> {
        Vec::new()
    }
}

struct Deleted;

impl Columns for Deleted {
    fn column(&self, field: &str) -> Option<Column> {
        let column = |column| Expr::col((store::Entity, column));
        Some(match field {
            "id" => Column::of(self.id()),
            "owner" => Column::of(column(store::Column::UserId)),
            "deleted" | "age" => {
                let never = Key::Time(DateTime::UNIX_EPOCH);
                Column::nullable(column(store::Column::DeletedAt), never)
            }
            _ => return None,
        })
    }

    fn id(&self) -> Expr {
        Expr::col((store::Entity, store::Column::Id))
    }

    fn texts(&self) -> Vec<Expr> {
        Vec::new()
    }
}

/// A deleted store that can come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeletedStore {
    pub(crate) id: StoreId,
    pub(crate) owner: UserId,
    pub(crate) deleted_at: DateTime<Utc>,
    pub(crate) documents: i64,
    pub(crate) size_bytes: i64,
    /// `None`: it is kept.
    pub(crate) purged_at: Option<DateTime<Utc>>,
}

impl Documents {
    /// The fields that a user's documents are filtered and sorted by.
    pub(crate) const DOCUMENTS: &'static Schema = &filter::DOCUMENTS;
    /// The fields that deleted stores are filtered and sorted by.
    pub(crate) const DELETED: &'static Schema = &filter::DELETED;

    /// A page of a user's documents, the deleted ones among them.
    pub(crate) async fn page_of_user(
        &self,
        listing: &Listing,
        user: UserId,
    ) -> Result<Page<document::Model>, DocumentsError> {
        let select = document::Entity::find()
            .filter(document::Column::UserId.eq(user))
            .into_query();
        listing
            .fetch(self.0.db.read(), select, &Fields)
            .await
            .map_err(error::db)
    }

    /// A page of deleted stores.
    pub(crate) async fn deleted_page(
        &self,
        listing: &Listing,
    ) -> Result<Page<DeletedStore>, DocumentsError> {
        let page: Page<store::Model> = listing
            .fetch(self.0.db.read(), deleted_stores(), &Deleted)
            .await
            .map_err(error::db)?;
        let ids: Vec<StoreId> = page.items.iter().map(|store| store.id).collect();
        let sizes = queries::sizes(self.0.db.read(), &ids)
            .await
            .map_err(error::db)?;
        let keep = self
            .0
            .settings
            .keep_deleted
            .and_then(|keep| chrono::Duration::from_std(keep).ok());
        Ok(page.map(|store| {
            let (documents, size_bytes) = sizes.get(&store.id).copied().unwrap_or_default();
            let deleted_at = store.deleted_at.unwrap_or(DateTime::UNIX_EPOCH);
            DeletedStore {
                id: store.id,
                owner: store.user_id,
                deleted_at,
                documents,
                size_bytes,
                purged_at: keep.map(|keep| deleted_at + keep),
            }
        }))
    }

    /// How many deleted stores match.
    pub(crate) async fn count_deleted(&self, listing: &Listing) -> Result<Counted, DocumentsError> {
        listing
            .count(self.0.db.read(), deleted_stores(), &Deleted)
            .await
            .map_err(error::db)
    }

    /// Whose store this is, also of a deleted one.
    pub(crate) async fn owner_of_store(
        &self,
        id: StoreId,
    ) -> Result<Option<UserId>, DocumentsError> {
        let store = store::Entity::find_by_id(id).one(self.0.db.read()).await;
        Ok(store.map_err(error::db)?.map(|store| store.user_id))
    }

    /// Whose document this is, also of a deleted one.
    pub(crate) async fn owner_of_document(
        &self,
        id: DocumentId,
    ) -> Result<Option<UserId>, DocumentsError> {
        let document = document::Entity::find_by_id(id).one(self.0.db.read()).await;
        Ok(document
            .map_err(error::db)?
            .map(|document| document.user_id))
    }
}

fn deleted_stores() -> sea_orm::sea_query::SelectStatement {
    store::Entity::find()
        .filter(store::Column::DeletedAt.is_not_null())
        .into_query()
}
