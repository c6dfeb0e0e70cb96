//! Starting the indexing of a document again: by its owner after an error, by an admin when it is
//! stuck, by the house when the embedding model changed.

use chrono::Duration;
use entities::{DocumentId, DocumentStatus, UserId, library::document};
use sea_orm::DbErr;
use serde_json::json;

use super::{
    Documents, DocumentsError, IndexDocument, error, index_job::IndexParameters, queries, subject,
};
use crate::platform::{
    audit::AuditEvent,
    budgets::{BudgetRefusal, HoldRequest, Reserved},
    db::Txn,
    idempotency::{Claim, IdempotencyKey, Once, earlier, once_in},
    jobs::{Enqueued, JobHandler, NewJob},
};

/// Documents that one pass of re-embedding takes up.
const REEMBED_BATCH: u64 = 100;

impl Documents {
    /// Tries a document in ERROR again, at the owner's cost; once under one key.
    pub(super) async fn retry(
        &self,
        user: UserId,
        id: DocumentId,
        key: Option<IdempotencyKey>,
    ) -> Result<(), DocumentsError> {
        let claim = self.claim(user, key);
        let document = self.document(user, id).await?;
        let before: Option<DocumentId> = earlier(self.0.db.read(), claim.as_ref()).await?;
        if before.is_some() {
            return Ok(());
        }
        if document.status != DocumentStatus::Error {
            return Err(DocumentsError::NotInError {
                status: document.status.as_str(),
            });
        }
        self.index_once(&document, claim).await
    }

    /// Reserves anew and queues the indexing, in one transaction.
    async fn index_again(&self, document: &document::Model) -> Result<(), DocumentsError> {
        self.index_once(document, None).await
    }

    async fn index_once(
        &self,
        document: &document::Model,
        claim: Option<Claim>,
    ) -> Result<(), DocumentsError> {
        let input = (self.clone(), document.clone(), claim);
        let outcome = self
            .0
            .db
            .write(
                self.0.budgets.key(document.user_id),
                input,
                |txn, (documents, document, claim)| {
                    let enqueue = documents.enqueue_index_in(txn, document);
                    Box::pin(once_in(txn, claim.as_ref(), enqueue, |_| document.id))
                },
            )
            .await?;
        // The job takes the hold up from its row. The same request may have been faster.
        if let Once::Done(outcome) = outcome {
            drop(self.0.budgets.admit(outcome)?);
        }
        Ok(())
    }

    /// Reserves the estimated cost and queues the indexing of a document that has a row.
    pub(super) async fn enqueue_index_in(
        &self,
        txn: &Txn,
        document: &document::Model,
    ) -> Result<Result<Reserved, BudgetRefusal>, DbErr> {
        let mut job = NewJob::of::<IndexDocument>(&IndexParameters {
            document_id: document.id,
        })
        .map_err(|error| DbErr::Custom(error.to_string()))?;
        let tokens = document.index_tokens.unwrap_or(document.estimated_tokens);
        let tokens = u64::try_from(tokens).unwrap_or(0);
        let id = self.0.jobs.new_id();
        let request = HoldRequest {
            job_id: Some(id),
            ..self.index_hold(document, tokens)
        };
        let reserved = match self.0.budgets.hold_in(txn, &request).await? {
            Ok(reserved) => reserved,
            Err(refusal) => return Ok(Err(refusal)),
        };
        job.id = Some(id);
        job.user_id = Some(document.user_id);
        job.subject = Some(subject(document.id));
        job.duplicate_key = Some(format!("document:{}", document.id));
        job.hold_id = Some(reserved.id);
        if let Enqueued::Existing(_) = self.0.jobs.enqueue_in(txn, &job).await? {
            // Somebody was faster, and their hold pays.
            let _ = self.0.budgets.release_in(txn, reserved.id).await?;
            return Ok(Ok(reserved));
        }
        let now = self.0.clock.now();
        queries::change_status(txn, document.id, DocumentStatus::Pending, None, now).await?;
        queries::set_work(txn, document.id, id, Some(reserved.id)).await?;
        Ok(Ok(reserved))
    }

    /// Queues what has stood in PENDING or RUNNING for longer than `age` and has no live job, and
    /// wakes the jobs of the others. Answers how many documents move again.
    pub(crate) async fn reset_stuck(
        &self,
        admin: Option<UserId>,
        age: Duration,
        user: Option<UserId>,
    ) -> Result<u64, DocumentsError> {
        let now = self.0.clock.now();
        let stuck = queries::stuck(self.0.db.read(), now - age, user)
            .await
            .map_err(error::db)?;
        let mut moved = 0;
        for document in &stuck {
            moved += u64::from(self.reset(document).await?);
        }
        if let Some(admin) = admin {
            let metadata = json!({"reset_count": moved, "user_id": user});
            let event = AuditEvent {
                actor: Some(admin),
                action: "watchdog_reset",
                target_type: None,
                target_id: None,
                metadata,
            };
            self.0.audit.record(event).await?;
        }
        Ok(moved)
    }

    async fn reset(&self, document: &document::Model) -> Result<bool, DocumentsError> {
        let job = self
            .0
            .jobs
            .latest_for_subject(subject(document.id), IndexDocument::KIND)
            .await?;
        if let Some(job) = job.filter(|job| !crate::platform::jobs::is_ended(job.state)) {
            let input = (self.0.jobs.clone(), job.id);
            let key = self.0.budgets.key(document.user_id);
            return Ok(self
                .0
                .db
                .write(key, input, |txn, (jobs, id)| {
                    Box::pin(jobs.requeue_in(txn, *id))
                })
                .await?);
        }
        match self.index_again(document).await {
            Ok(()) => Ok(true),
            Err(DocumentsError::Budget(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Queues documents whose vectors another model made. Answers how many; 0: nothing is left.
    pub(crate) async fn reembed(&self) -> Result<u64, DocumentsError> {
        let Some(model) = &self.0.settings.embedding_model else {
            return Ok(0);
        };
        let outdated =
            queries::with_other_embedding(self.0.db.read(), &model.to_string(), REEMBED_BATCH)
                .await
                .map_err(error::db)?;
        let mut queued = 0;
        for document in &outdated {
            match self.index_again(document).await {
                Ok(()) => queued += 1,
                Err(DocumentsError::Budget(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(queued)
    }
}
