//! How long deleted stores are kept, and how a user's library goes.
//!
//! A document goes by its purge job, which was scheduled in the transaction that deleted it.

mod queries;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;

use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Expirer, Part, Place, RetentionError},
    storage::{BlobKey, Blobs, StorageError, TemporaryFiles},
};

const STORES: Place = Place::Table("stores");
const DOCUMENTS: Place = Place::Table("documents");
const ORIGINALS: Place = Place::Blobs(BlobKey::DOCUMENTS);
const UPLOADS: Place = Place::Files("uploads");

/// What documents registers.
pub(crate) fn retention(db: &Db, blobs: &Blobs, temporary: &TemporaryFiles) -> Part {
    Part::default()
        .holds(STORES, Class::Library)
        .holds(DOCUMENTS, Class::Library)
        .holds(ORIGINALS, Class::Library)
        .holds(UPLOADS, Class::UploadsTmp)
        .expired_by(EmptyStores(db.clone()))
        .expired_by(LeftUploads(temporary.clone()))
        .erased_by(Library {
            db: db.clone(),
            blobs: blobs.clone(),
        })
}

/// Deleted stores whose documents have all been purged.
struct EmptyStores(Db);

#[async_trait]
impl Expirer for EmptyStores {
    fn class(&self) -> Class {
        Class::SoftDeleted
    }

    fn places(&self) -> &'static [Place] {
        &[STORES]
    }

    async fn expire_batch(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, RetentionError> {
        let expired = self
            .0
            .write_alone(WriteKey::Free, (before, limit), |txn, (before, limit)| {
                Box::pin(queries::expire_stores(txn, *before, *limit))
            })
            .await?;
        Ok(expired)
    }
}

/// Temporary files of uploads whose process died.
struct LeftUploads(TemporaryFiles);

#[async_trait]
impl Expirer for LeftUploads {
    fn class(&self) -> Class {
        Class::UploadsTmp
    }

    fn places(&self) -> &'static [Place] {
        &[UPLOADS]
    }

    async fn expire_batch(&self, before: DateTime<Utc>, _: u64) -> Result<u64, RetentionError> {
        let files = self.0.clone();
        let removed = tokio::task::spawn_blocking(move || {
            files.clean(std::time::Duration::ZERO, before.into())
        })
        .await
        .map_err(|error| StorageError::from(std::io::Error::other(error)))??;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

struct Library {
    db: Db,
    blobs: Blobs,
}

#[async_trait]
impl Eraser for Library {
    fn places(&self) -> &'static [Place] {
        &[STORES, DOCUMENTS, ORIGINALS]
    }

    /// The original goes before its row: a row that is left still names what must be deleted.
    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let documents = queries::documents(self.db.read(), user, limit).await?;
        for (_, blob) in &documents {
            self.blobs.delete(&BlobKey::stored(blob)).await?;
        }
        let ids: Vec<_> = documents.into_iter().map(|(id, _)| id).collect();
        let erased = self
            .db
            .write_alone(
                WriteKey::User(user),
                (user, ids, limit),
                |txn, (user, ids, limit)| Box::pin(queries::erase(txn, *user, ids, *limit)),
            )
            .await?;
        Ok(erased)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        Ok(queries::remaining(self.db.read(), user).await?)
    }
}
