//! How long deleted documents and stores are kept, and how a user's library goes.

mod expiring;
mod export;
mod queries;

use std::sync::Arc;

use async_trait::async_trait;
use entities::UserId;
use futures_util::TryStreamExt;

use self::expiring::{DeletedDocuments, LeftUploads};
use crate::platform::{
    clock::Clock,
    db::{Db, WriteKey},
    jobs::Jobs,
    retention::{Class, Eraser, Part, Place, RetentionError, Rows},
    storage::{BlobKey, Blobs, TemporaryFiles},
};

const STORES: Place = Place::Table("stores");
const DOCUMENTS: Place = Place::Table("documents");
const ORIGINALS: Place = Place::Blobs(BlobKey::DOCUMENTS);
const UPLOADS: Place = Place::Files("uploads");

/// What documents registers.
pub(crate) fn retention(
    db: &Db,
    clock: Arc<dyn Clock>,
    jobs: &Jobs,
    blobs: &Blobs,
    temporary: &TemporaryFiles,
) -> Part {
    Part::default()
        .holds(STORES, Class::Library)
        .holds(DOCUMENTS, Class::Library)
        .holds(ORIGINALS, Class::Library)
        .holds(UPLOADS, Class::UploadsTmp)
        .expired_by(DeletedDocuments {
            db: db.clone(),
            clock,
            jobs: jobs.clone(),
            blobs: blobs.clone(),
        })
        .expired_by(Rows {
            db: db.clone(),
            class: Class::SoftDeleted,
            places: &[STORES],
            tables: vec![queries::emptied_stores()],
        })
        .expired_by(LeftUploads {
            db: db.clone(),
            files: temporary.clone(),
        })
        .erased_by(Library {
            db: db.clone(),
            blobs: blobs.clone(),
        })
        .exported_by(export::stores(db))
        .exported_by(export::documents(db))
}

struct Library {
    db: Db,
    blobs: Blobs,
}

impl Library {
    /// Originals under the user's number that no row names: their process died between the two.
    async fn unnamed_originals(&self, user: UserId) -> Result<Vec<BlobKey>, RetentionError> {
        let found: Vec<_> = self
            .blobs
            .of_user(BlobKey::DOCUMENTS, user)
            .map_ok(|(key, _)| key)
            .try_collect()
            .await?;
        Ok(found)
    }
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
        // No money moves, so nobody's but the user's own lane is kept waiting.
        let erased = self
            .db
            .write_alone(
                WriteKey::User(user),
                (user, ids, limit),
                |txn, (user, ids, limit)| Box::pin(queries::erase(txn, *user, ids, *limit)),
            )
            .await?;
        if erased > 0 {
            return Ok(erased);
        }
        let unnamed = self.unnamed_originals(user).await?;
        for key in &unnamed {
            self.blobs.delete(key).await?;
        }
        Ok(unnamed.len() as u64)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        let rows = queries::remaining(self.db.read(), user).await?;
        Ok(rows + self.unnamed_originals(user).await?.len() as u64)
    }
}
