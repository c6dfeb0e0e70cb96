//! What the console shows of the library: sizes, states and times. Names and text stay with their
//! owners.

use ::api::filter::{self, Schema};
use chrono::{DateTime, Utc};
use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};

use super::{
    Documents, DocumentsError, error,
    queries::{self, console as rows},
};
use crate::platform::{
    paging::{Counted, Listing, Page},
    retention::{Class, Term},
};

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
        listing
            .fetch(self.0.db.read(), rows::of_user(user), &rows::Fields)
            .await
            .map_err(error::db)
    }

    /// A page of deleted stores.
    pub(crate) async fn deleted_page(
        &self,
        listing: &Listing,
    ) -> Result<Page<DeletedStore>, DocumentsError> {
        let page: Page<store::Model> = listing
            .fetch(self.0.db.read(), rows::deleted(), &rows::Deleted)
            .await
            .map_err(error::db)?;
        let ids: Vec<StoreId> = page.items.iter().map(|store| store.id).collect();
        let sizes = queries::sizes(self.0.db.read(), &ids)
            .await
            .map_err(error::db)?;
        let keep = match self.0.periods.of(Class::SoftDeleted).await?.term {
            Term::After(keep) => Some(keep),
            Term::Kept | Term::Until(_) => None,
        };
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
            .count(self.0.db.read(), rows::deleted(), &rows::Deleted)
            .await
            .map_err(error::db)
    }

    /// Whose store this is, also of a deleted one.
    pub(crate) async fn owner_of_store(
        &self,
        id: StoreId,
    ) -> Result<Option<UserId>, DocumentsError> {
        rows::owner_of_store(self.0.db.read(), id)
            .await
            .map_err(error::db)
    }

    /// Whose document this is, also of a deleted one.
    pub(crate) async fn owner_of_document(
        &self,
        id: DocumentId,
    ) -> Result<Option<UserId>, DocumentsError> {
        rows::owner_of_document(self.0.db.read(), id)
            .await
            .map_err(error::db)
    }
}
