//! Deleted documents, and files of uploads whose process died.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{DOCUMENTS, ORIGINALS, UPLOADS, queries};
use crate::platform::{
    clock::Clock,
    db::{Db, WriteKey},
    jobs::Jobs,
    retention::{Class, Expirer, Place, RetentionError, Sweep, Tally},
    storage::{BlobKey, Blobs, LeftFile, StorageError, TemporaryFiles},
};

/// Documents of which one step goes through the index.
const DOCUMENTS_OF_A_STEP: u64 = 20;

/// Documents that were deleted before an instant, with their originals and their place in the index.
pub(super) struct DeletedDocuments {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jobs: Jobs,
    pub(super) blobs: Blobs,
}

#[async_trait]
impl Expirer for DeletedDocuments {
    fn class(&self) -> Class {
        Class::SoftDeleted
    }

    fn places(&self) -> &'static [Place] {
        &[DOCUMENTS, ORIGINALS]
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        Ok(queries::survey_deleted(self.db.read(), before).await?)
    }

    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        // From here on they cannot be brought back: what can be, must be whole.
        let input = (sweep.before, sweep.limit, self.clock.now());
        self.db
            .write_alone(WriteKey::Free, input, |txn, (before, limit, now)| {
                Box::pin(queries::begin_purge(txn, *before, *limit, *now))
            })
            .await?;
        let input = (sweep.before, sweep.limit);
        let indexed = sweep
            .delete(&self.db, WriteKey::Free, input, |txn, (before, limit)| {
                Box::pin(queries::remove_from_index(txn, *before, *limit))
            })
            .await?;
        if !indexed.is_empty() {
            return Ok(indexed);
        }
        // The row goes first: what the blobs of a step that is cut short leave behind is found by
        // the search for orphans.
        let originals = queries::doomed(self.db.read(), sweep.before, DOCUMENTS_OF_A_STEP).await?;
        if originals.is_empty() {
            return Ok(Tally::default());
        }
        let ids: Vec<_> = originals.iter().map(|original| original.id).collect();
        let input = (self.jobs.clone(), originals.clone(), sweep.before);
        let deleted = sweep
            .delete(
                &self.db,
                WriteKey::Free,
                input,
                |txn, (jobs, originals, before)| {
                    Box::pin(async move {
                        for job in originals.iter().filter_map(|original| original.purge_job) {
                            jobs.cancel_in(txn, job).await?;
                        }
                        queries::remove_doomed(txn, originals, *before).await
                    })
                },
            )
            .await?;
        let kept = queries::still_there(self.db.read(), &ids).await?;
        for original in originals.iter().filter(|doomed| !kept.contains(&doomed.id)) {
            self.blobs
                .delete(&BlobKey::stored(&original.blob_key))
                .await?;
        }
        Ok(deleted)
    }
}

/// Temporary files of uploads whose process died, on the disk of this process.
pub(super) struct LeftUploads {
    pub(super) db: Db,
    pub(super) files: TemporaryFiles,
}

impl LeftUploads {
    async fn left(&self, before: DateTime<Utc>) -> Result<Vec<LeftFile>, RetentionError> {
        let files = self.files.clone();
        let left =
            tokio::task::spawn_blocking(move || files.older_than(Duration::ZERO, before.into()))
                .await
                .map_err(|error| StorageError::from(std::io::Error::other(error)))??;
        Ok(left)
    }
}

#[async_trait]
impl Expirer for LeftUploads {
    fn class(&self) -> Class {
        Class::UploadsTmp
    }

    fn places(&self) -> &'static [Place] {
        &[UPLOADS]
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        Ok(tally(&self.left(before).await?))
    }

    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        let left = self.left(sweep.before).await?;
        for file in &left {
            match tokio::fs::remove_file(&file.path).await {
                Ok(()) => {}
                // The hourly cleaning was faster.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(StorageError::from(error).into()),
            }
        }
        let deleted = tally(&left);
        sweep.deleted(&self.db, &deleted).await?;
        Ok(deleted)
    }
}

fn tally(left: &[LeftFile]) -> Tally {
    Tally {
        oldest: left.iter().map(|file| file.modified.into()).min(),
        ..Tally::of_blobs(left.len() as u64, left.iter().map(|file| file.bytes).sum())
    }
}
