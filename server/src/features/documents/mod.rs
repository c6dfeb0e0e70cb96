//! The library: stores, the documents in them, and the work that makes them findable.
//!
//! A document goes PENDING -> RUNNING -> DONE or ERROR. The state follows its job, in the same
//! transaction. What is deleted is hidden at once and purged by a job when its time has come;
//! until then an admin may bring it back.

mod api;
mod console;
mod deletion;
mod error;
mod index_job;
mod indexing;
mod interrupted;
mod names;
mod purge_job;
mod queries;
mod repeats;
mod retention;
mod retry;
mod store_deletion;
mod stores;
mod upload;

pub(crate) use api::register;
pub(crate) use error::DocumentsError;
pub(crate) use index_job::IndexDocument;
pub(crate) use purge_job::PurgeDocument;
pub(crate) use retention::retention;

use std::{sync::Arc, time::Duration};

use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};
use extract::{AllowedTypes, Extractor, Format};
use tokio::sync::Semaphore;

use crate::platform::{
    ai::Gateway,
    audit::Audit,
    budgets::Budgets,
    clock::Clock,
    config::{ModelName, PriceTable},
    db::Db,
    entropy::Entropy,
    jobs::{Jobs, Subject},
    retention::Periods,
    storage::{Blobs, TemporaryFiles},
    tasks::Tasks,
    telemetry::Telemetry,
};

/// What the operator decided about documents.
pub(crate) struct DocumentSettings {
    pub(crate) allowed: AllowedTypes,
    pub(crate) max_upload_bytes: u64,
    pub(crate) max_stores_per_user: u32,
    pub(crate) extractor: Extractor,
    /// Without it, search is lexical.
    pub(crate) embedding_model: Option<ModelName>,
    /// The provider's share of indexing one document.
    pub(crate) embedding_timeout: Duration,
    /// Whose index price indexing is charged at.
    pub(crate) index_model: ModelName,
    pub(crate) prices: PriceTable,
}

/// The parts that the library is built on.
pub(crate) struct DocumentParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) blobs: Blobs,
    pub(crate) temporary: TemporaryFiles,
    pub(crate) jobs: Jobs,
    pub(crate) budgets: Budgets,
    pub(crate) audit: Audit,
    /// How long what is deleted can be brought back.
    pub(crate) periods: Periods,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) telemetry: Telemetry,
    pub(crate) tasks: Tasks,
}

/// The library. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Documents(Arc<Inner>);

/// Files that are looked into at once, to tell what they are.
const JUDGES: usize = 2;

struct Inner {
    parts: DocumentParts,
    settings: DocumentSettings,
    judges: Arc<Semaphore>,
}

impl std::ops::Deref for Inner {
    type Target = DocumentParts;

    fn deref(&self) -> &DocumentParts {
        &self.parts
    }
}

/// A document as the subject of its jobs.
fn subject(id: DocumentId) -> Subject {
    Subject {
        kind: "document",
        id: id.0,
    }
}

impl Documents {
    pub(crate) fn new(parts: DocumentParts, settings: DocumentSettings) -> Self {
        for format in Format::all() {
            let (kind, telemetry) = (format.to_string(), &parts.telemetry);
            telemetry.uploads.add([&kind, "ok"], 0);
            telemetry.uploads.add([&kind, "quota"], 0);
            telemetry.upload_bytes.add([&kind], 0);
        }
        let judges = Arc::new(Semaphore::new(JUDGES));
        Self(Arc::new(Inner {
            parts,
            settings,
            judges,
        }))
    }

    /// The largest form of an upload: the file and what surrounds it.
    fn max_form_bytes(&self) -> u64 {
        const FORM_BYTES: u64 = 64 * 1024;
        self.0.settings.max_upload_bytes.saturating_add(FORM_BYTES)
    }

    /// Whether the user owns every one of these stores.
    pub(crate) async fn owns_stores(
        &self,
        user: UserId,
        stores: &[StoreId],
    ) -> Result<bool, DocumentsError> {
        let owned = queries::count_owned(self.0.db.read(), user, stores)
            .await
            .map_err(error::db)?;
        Ok(owned == stores.len() as u64)
    }

    /// The documents of these stores that match a metadata filter: each given attribute must have
    /// one of its values.
    pub(crate) async fn matching(
        &self,
        user: UserId,
        stores: &[StoreId],
        filter: &[(String, Vec<String>)],
    ) -> Result<Vec<DocumentId>, DocumentsError> {
        queries::matching(self.0.db.read(), user, stores, filter)
            .await
            .map_err(error::db)
    }

    /// Deleted stores, newest first.
    pub(crate) async fn deletions(&self, limit: u64) -> Result<Vec<store::Model>, DocumentsError> {
        queries::deleted_stores(self.0.db.read(), limit)
            .await
            .map_err(error::db)
    }

    /// How many stores and documents there are in the house.
    pub(crate) async fn totals(&self) -> Result<(u64, u64), DocumentsError> {
        queries::totals(self.0.db.read()).await.map_err(error::db)
    }

    /// A user's documents in a store, newest first.
    pub(crate) async fn list(
        &self,
        user: UserId,
        store: StoreId,
    ) -> Result<Vec<document::Model>, DocumentsError> {
        self.store(user, store).await?;
        queries::documents_of_store(self.0.db.read(), user, store)
            .await
            .map_err(error::db)
    }

    /// A user's document.
    pub(crate) async fn document(
        &self,
        user: UserId,
        id: DocumentId,
    ) -> Result<document::Model, DocumentsError> {
        queries::document_of(self.0.db.read(), user, id)
            .await
            .map_err(error::db)?
            .ok_or(DocumentsError::DocumentNotFound)
    }

    /// A user's store.
    pub(crate) async fn store(
        &self,
        user: UserId,
        id: StoreId,
    ) -> Result<store::Model, DocumentsError> {
        queries::store_of(self.0.db.read(), user, id)
            .await
            .map_err(error::db)?
            .ok_or(DocumentsError::StoreNotFound)
    }
}
