//! Deleting and bringing back. Deleted is hidden at once; the purge comes later, by a job.

use chrono::{DateTime, Duration, Utc};
use entities::{
    DocumentId, StoreId, UserId,
    library::{document, store},
};
use futures_util::{StreamExt, TryStreamExt, future::BoxFuture};
use sea_orm::DbErr;
use serde_json::json;

use super::{
    Documents, DocumentsError, PurgeDocument, error, purge_job::PurgeParameters, queries, subject,
};
use crate::platform::{
    audit::{Act, AuditEvent, By},
    db::{Txn, WriteKey},
    jobs::NewJob,
    retention::{Class, Term},
    storage::BlobKey,
};

/// A blob this young may belong to an upload under way.
const YOUNG: Duration = Duration::hours(1);
const ORPHAN_PAGE: usize = 200;

/// When something is deleted, and when for good.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub(super) now: DateTime<Utc>,
    pub(super) purge: Option<DateTime<Utc>>,
}

impl Documents {
    /// Does one thing to the library in one transaction.
    pub(super) async fn act<I, T, W>(
        &self,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<T, DocumentsError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Self, &'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>>
            + Send
            + Sync
            + 'static,
    {
        let input = (self.clone(), input, work);
        let done = self
            .0
            .db
            .write(key, input, |txn, (documents, input, work)| {
                work(documents, txn, input)
            });
        Ok(done.await?)
    }

    /// Hides a document, stops its indexing, and schedules its purge.
    pub(super) async fn delete_document(
        &self,
        user: UserId,
        id: DocumentId,
    ) -> Result<(), DocumentsError> {
        self.document(user, id).await?;
        let input = (user, id, self.purge_time().await?);
        self.act(
            self.0.budgets.key(user),
            input,
            |documents, txn, (user, id, times)| {
                Box::pin(async move {
                    if queries::delete_document(txn, *id, *user, times.now).await? {
                        documents.withdraw(txn, *user, *id, times.purge).await?;
                    }
                    Ok(())
                })
            },
        )
        .await
    }

    /// Now, and when what is deleted now may go.
    pub(super) async fn purge_time(&self) -> Result<Times, DocumentsError> {
        self.times_of(self.0.clock.now()).await
    }

    /// As of a deletion at `now`.
    pub(super) async fn times_of(&self, now: DateTime<Utc>) -> Result<Times, DocumentsError> {
        let purge = match self.0.periods.of(Class::SoftDeleted).await?.term {
            Term::After(keep) => Some(now + keep),
            Term::Kept | Term::Until(_) => None,
        };
        Ok(Times { now, purge })
    }

    /// Stops a document's indexing and schedules its purge.
    pub(super) async fn withdraw(
        &self,
        txn: &Txn,
        user: UserId,
        id: DocumentId,
        purge: Option<DateTime<Utc>>,
    ) -> Result<(), DbErr> {
        self.interrupt_indexing(txn, id).await?;
        let Some(purge) = purge else {
            return Ok(());
        };
        let mut job = NewJob::of::<PurgeDocument>(&PurgeParameters { document_id: id })
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        job.user_id = Some(user);
        job.subject = Some(subject(id));
        job.run_at = Some(purge);
        job.duplicate_key = Some(format!("document:{id}"));
        let job = self.0.jobs.enqueue_in(txn, &job).await?;
        queries::set_purge_job(txn, id, job.id()).await
    }

    /// A store, deleted or not, as it is shown to who brings it back.
    pub(crate) async fn any_store(&self, id: StoreId) -> Result<store::Model, DocumentsError> {
        let found = queries::any_store(self.0.db.read(), id).await;
        found
            .map_err(error::db)?
            .ok_or(DocumentsError::StoreNotFound)
    }

    /// Brings a document back, into a store that is not deleted itself. Answers that store, and the
    /// act on record.
    pub(crate) async fn restore_document(
        &self,
        by: &By,
        id: DocumentId,
    ) -> Result<(StoreId, i64), DocumentsError> {
        let document = queries::any_document(self.0.db.read(), id).await;
        let document = document
            .map_err(error::db)?
            .ok_or(DocumentsError::DocumentNotFound)?;
        let (owner, store) = (document.user_id, document.store_id);
        let input = (by.clone(), store, id);
        self.act(
            self.0.budgets.key(owner),
            input,
            |documents, txn, (by, store, id)| Box::pin(documents.restore_in(txn, by, *store, *id)),
        )
        .await?
    }

    async fn restore_in(
        &self,
        txn: &Txn,
        by: &By,
        store: StoreId,
        id: DocumentId,
    ) -> Result<Result<(StoreId, i64), DocumentsError>, DbErr> {
        // As whoever deletes: the store first, and both until the commit.
        let found = queries::lock_store(txn, store).await?;
        if found.is_none_or(|store| store.deleted_at.is_some()) {
            return Ok(Err(DocumentsError::StoreIsDeleted));
        }
        let Some(document) = queries::lock_document(txn, id).await? else {
            return Ok(Err(DocumentsError::DocumentNotFound));
        };
        if !queries::restore_document(txn, id).await? {
            return Ok(Err(DocumentsError::PurgeHasBegun));
        }
        self.came_back(txn, &document).await?;
        let act = Act::on("restore_document", "document", id.to_string());
        let entry = self.0.audit.record_act_in(txn, by, act).await?;
        Ok(Ok((store, entry)))
    }

    /// What follows when a document is not deleted any more.
    pub(super) async fn came_back(
        &self,
        txn: &Txn,
        document: &document::Model,
    ) -> Result<(), DbErr> {
        if let Some(purge) = document.purge_job_id {
            self.0.jobs.cancel_in(txn, purge).await?;
        }
        if document.deleted_at.is_some() {
            self.resume_indexing(txn, document).await?;
        }
        Ok(())
    }

    pub(super) async fn record(
        &self,
        txn: &Txn,
        actor: UserId,
        action: &'static str,
        target: &'static str,
        id: i64,
    ) -> Result<(), DbErr> {
        let event = AuditEvent {
            actor: Some(actor),
            action,
            target_type: Some(target),
            target_id: Some(id.to_string()),
            metadata: json!({}),
        };
        self.0.audit.record_in(txn, &event).await?;
        Ok(())
    }

    /// Removes originals that no document names: their process died between the blob and the row.
    /// Young ones may still get their row. Answers how many.
    pub(crate) async fn remove_orphaned_blobs(&self) -> Result<u64, DocumentsError> {
        let before = self.0.clock.now() - YOUNG;
        let mut pages = self
            .0
            .blobs
            .older_than(BlobKey::DOCUMENTS, before)
            .try_chunks(ORPHAN_PAGE);
        let mut removed = 0_u32;
        while let Some(page) = pages.next().await {
            let keys = page.map_err(|error| DocumentsError::Storage(error.1))?;
            let known = queries::known_blobs(self.0.db.read(), &keys)
                .await
                .map_err(error::db)?;
            for key in keys.iter().filter(|key| !known.contains(key.as_str())) {
                self.0.blobs.delete(key).await?;
                removed += 1;
            }
        }
        let found = &self.0.telemetry.objects_orphaned;
        found.set([], f64::from(removed));
        if removed > 0 {
            tracing::warn!(event = "orphaned_blobs_removed", count = removed);
        }
        Ok(u64::from(removed))
    }
}
