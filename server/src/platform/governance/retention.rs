//! How long exports and receipts are kept, and how a user's exports go.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;
use futures_util::TryStreamExt;

use super::queries::exports as queries;
use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Expirer, Holding, Part, Place, RetentionError, Sweep, Tally},
    storage::{BlobKey, Blobs},
};

const EXPORTS: Place = Place::Table("exports");
const FILES: Place = Place::Blobs(BlobKey::EXPORTS);
const RECEIPTS: Place = Place::Table("erasure_receipts");
/// Why a receipt stays.
const PROOF: &str = "a receipt proves that a person was erased, and holds nothing of them but a number that is nobody's";

/// What governance registers.
pub(crate) fn retention(db: &Db, blobs: &Blobs) -> Part {
    let exports = Exports {
        db: db.clone(),
        blobs: blobs.clone(),
    };
    Part::default()
        .holds(EXPORTS, Class::Exports)
        .holds(FILES, Class::Exports)
        .holding(Holding {
            place: RECEIPTS,
            class: Class::House,
            not_expired: None,
            not_erased: Some(PROOF),
        })
        .expired_by(exports.clone())
        .erased_by(exports)
}

/// Exports with their files.
#[derive(Clone)]
struct Exports {
    db: Db,
    blobs: Blobs,
}

#[async_trait]
impl Expirer for Exports {
    fn class(&self) -> Class {
        Class::Exports
    }

    fn places(&self) -> &'static [Place] {
        &[EXPORTS, FILES]
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        let mut all = queries::old()
            .survey(self.db.read(), &[before.into()])
            .await?;
        let (files, bytes) = queries::sum_of_files(self.db.read(), before).await?;
        all.add(Tally::of_blobs(files, bytes));
        Ok(all)
    }

    /// The file goes before its row: a row that is left still names what must be deleted.
    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        let old = queries::old_files(self.db.read(), sweep.before, sweep.limit).await?;
        if old.is_empty() {
            return Ok(Tally::default());
        }
        for export in &old {
            if let Some(key) = &export.blob_key {
                self.blobs.delete(&BlobKey::stored(key)).await?;
            }
        }
        sweep
            .delete(
                &self.db,
                WriteKey::Free,
                (old, sweep.before),
                |txn, (old, before)| {
                    Box::pin(async move {
                        let ids: Vec<_> = old.iter().map(|export| export.id).collect();
                        let mut gone = queries::numbered(&ids)
                            .delete(txn, &[(*before).into()], None)
                            .await?;
                        let sizes = old.iter().filter_map(|export| export.size_bytes);
                        gone.blobs = sizes.clone().count() as u64;
                        gone.bytes = sizes.filter_map(|size| u64::try_from(size).ok()).sum();
                        Ok(gone)
                    })
                },
            )
            .await
    }
}

#[async_trait]
impl Eraser for Exports {
    fn places(&self) -> &'static [Place] {
        &[EXPORTS, FILES]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let mut files = self.blobs.of_user(BlobKey::EXPORTS, user);
        let mut removed = 0;
        while let Some((key, _)) = files.try_next().await? {
            self.blobs.delete(&key).await?;
            removed += 1;
        }
        let rows = self
            .db
            .write_alone(WriteKey::User(user), (user, limit), |txn, (user, limit)| {
                Box::pin(queries::erase(txn, *user, *limit))
            })
            .await?;
        Ok(removed + rows)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        let files = self.blobs.of_user(BlobKey::EXPORTS, user);
        let files = files
            .try_fold(0_u64, async |count, _| Ok(count + 1))
            .await?;
        Ok(files + queries::count(self.db.read(), user).await?)
    }
}
