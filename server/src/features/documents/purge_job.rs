//! The job that removes a deleted document for good, when its time has come.

use async_trait::async_trait;
use entities::{DocumentId, jobs::job};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::{Documents, error, indexing::remove_passages, queries};
use crate::platform::{
    db::{Txn, WriteKey},
    jobs::{JobContext, JobError, JobHandler, Outcome, Policy, ReplayConsent},
    retention::Class,
    retrieval::Keep,
    storage::BlobKey,
};

/// The kind `purge_document`.
pub(crate) struct PurgeDocument(pub(crate) Documents);

/// Which document.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct PurgeParameters {
    pub(crate) document_id: DocumentId,
}

#[async_trait]
impl JobHandler for PurgeDocument {
    const KIND: &'static str = "purge_document";
    type Parameters = PurgeParameters;

    fn policy() -> Policy {
        Policy {
            priority: 200,
            max_attempts: 20,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["purge"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: PurgeParameters,
    ) -> Result<Outcome, JobError> {
        let documents = &self.0;
        let id = parameters.document_id;
        let document = queries::any_document(documents.0.db.read(), id)
            .await
            .map_err(error::db)?;
        let Some(document) = document else {
            return Ok(Outcome::done());
        };
        let Some(deleted_at) = document.deleted_at else {
            // Restored in the meantime.
            return Err(JobError::Cancelled);
        };
        let period = documents.0.periods.of(Class::SoftDeleted).await?;
        let over = period.over_before(context.now());
        if period.is_from_console() && over.is_none_or(|over| deleted_at > over) {
            // An admin keeps it for longer than the job was told: the sweep takes it in its time.
            return Ok(Outcome::done());
        }
        context.progress(0.0, "purge").await?;
        fail::fail_point!("purge-begins");
        let input = (id, context.now());
        let claimed = context
            .write_held(WriteKey::Free, input, |txn, (id, now)| {
                Box::pin(queries::begin_purge(txn, *id, *now))
            })
            .await?;
        if !claimed {
            // Restored since it was read. From the claim on, restoring is refused.
            return Err(JobError::Cancelled);
        }
        fail::fail_point!("purge-claimed");
        remove_passages(context, id, Keep::Nothing).await?;
        fail::fail_point!("purge-passages-gone");
        documents
            .0
            .blobs
            .delete(&BlobKey::stored(&document.blob_key))
            .await?;
        fail::fail_point!("purge-original-gone");
        Ok(Outcome::done_with(id, |txn, id| {
            Box::pin(queries::remove_purged(txn, *id))
        }))
    }

    async fn replay_in(&self, txn: &Txn, new: &job::Model) -> Result<ReplayConsent, DbErr> {
        let document = match new.subject_id.map(DocumentId) {
            Some(id) => queries::any_document(txn, id).await?,
            None => None,
        };
        match document.filter(|document| document.deleted_at.is_some()) {
            Some(document) => {
                // Whoever restores the document stops the job that its row names.
                queries::set_purge_job(txn, document.id, new.id).await?;
                Ok(ReplayConsent::Granted { hold_id: None })
            }
            None => Ok(ReplayConsent::Refused(
                "The document was restored or is gone.".to_owned(),
            )),
        }
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        // The document stays hidden; the dead letter tells an admin.
        Ok(())
    }
}
