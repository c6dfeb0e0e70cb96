//! Indexing that a deletion stops: it is given up without a word, and begun anew when the document
//! comes back.
//!
//! The document's row says so by waiting to be indexed while it names no job. A job that runs ends
//! within seconds of the deletion; the document may be back by then.

use entities::{DocumentId, DocumentStatus, library::document};
use sea_orm::DbErr;

use super::{Documents, IndexDocument, index_job::IndexParameters, queries, subject};
use crate::platform::{
    db::Txn,
    jobs::{Enqueued, JobHandler, NewJob},
};

/// Whether the document is to be indexed, by a job that it names or by none.
pub(super) fn is_unfinished(document: &document::Model) -> bool {
    matches!(
        document.status,
        DocumentStatus::Pending | DocumentStatus::Running
    )
}

impl Documents {
    /// Stops the indexing of a document that is being deleted.
    pub(super) async fn interrupt_indexing(&self, txn: &Txn, id: DocumentId) -> Result<(), DbErr> {
        // Before its job ends: what becomes of that is not the document's any more.
        queries::interrupt(txn, id, self.0.clock.now()).await?;
        let indexing = Some(IndexDocument::KIND);
        self.0
            .jobs
            .cancel_for_subject_in(txn, subject(id), indexing)
            .await?;
        Ok(())
    }

    /// Has a document indexed that came back before it was. The job reserves its money itself, or
    /// waits for it.
    pub(super) async fn resume_indexing(
        &self,
        txn: &Txn,
        document: &document::Model,
    ) -> Result<(), DbErr> {
        if !is_unfinished(document) {
            return Ok(());
        }
        let id = document.id;
        let mut job = NewJob::of::<IndexDocument>(&IndexParameters { document_id: id })
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        job.user_id = Some(document.user_id);
        job.subject = Some(subject(id));
        job.duplicate_key = Some(format!("document:{id}"));
        // The one that the deletion stopped may still be ending, and begins another when it has.
        if let Enqueued::New(job) = self.0.jobs.enqueue_in(txn, &job).await? {
            let now = self.0.clock.now();
            queries::change_status(txn, id, DocumentStatus::Pending, None, now).await?;
            queries::set_work(txn, id, job, None).await?;
        }
        Ok(())
    }
}
