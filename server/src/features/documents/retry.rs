//! Starting the indexing of a document again: by its owner after an error, by an admin when it is
//! stuck, by the house when the embedding model changed.

use chrono::Duration;
use entities::{DocumentId, DocumentStatus, UserId, library::document};
use sea_orm::DbErr;

use super::{
    Documents, DocumentsError, IndexDocument, error, index_job::IndexParameters, queries, subject,
};
use crate::platform::{
    audit::{Act, By},
    budgets::{BudgetRefusal, HoldRequest, Reserved},
    db::{DbError, Txn},
    idempotency::{Claim, IdempotencyKey, Once, earlier, once_in},
    jobs::{Enqueued, NewJob},
};

/// Documents that one pass of re-embedding takes up.
const REEMBED_BATCH: u64 = 100;
/// Documents that one pass of the watchdog takes up.
const RESET_BATCH: u64 = 1_000;
/// Documents that are read at once.
const PAGE: u64 = 100;

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

    /// Queues what has stood in PENDING or RUNNING for longer than `age` though no job works on it
    /// or waits to. Answers how many documents move again, and the act on record when it is
    /// somebody's.
    pub(crate) async fn reset_stuck(
        &self,
        by: Option<&By>,
        age: Duration,
        user: Option<UserId>,
    ) -> Result<(u64, Option<i64>), DocumentsError> {
        let stuck = queries::stuck(self.0.clock.now() - age, user);
        let moved = self.index_all(&stuck, RESET_BATCH).await?;
        let Some(by) = by else {
            return Ok((moved, None));
        };
        let act = Act::on("watchdog_reset", "documents", "stuck")
            .with("reset_count", moved)
            .with("user_id", user.map(|user| user.0));
        Ok((moved, Some(self.0.audit.record_act(by, act).await?)))
    }

    /// Queues documents whose vectors another model made. Answers how many; 0: nothing is left that
    /// somebody pays for.
    pub(crate) async fn reembed(&self) -> Result<u64, DocumentsError> {
        let Some(model) = &self.0.settings.embedding_model else {
            return Ok(0);
        };
        let outdated = queries::of_other_embedding(&model.to_string());
        self.index_all(&outdated, REEMBED_BATCH).await
    }

    /// Queues up to `limit` of these documents, passing over those whose owners have no money left
    /// and those that cannot be queued. Answers how many; the first failure when all is done.
    async fn index_all(&self, which: &queries::Which, limit: u64) -> Result<u64, DocumentsError> {
        let (mut walk, mut queued, mut failure) = (queries::Walk::default(), 0, None);
        while queued < limit {
            let page = queries::next_to_index(self.0.db.read(), which, &walk, PAGE.min(limit))
                .await
                .map_err(error::db)?;
            if page.is_empty() {
                break;
            }
            for document in &page {
                walk.seen.push(document.id);
                if walk.without_money.contains(&document.user_id) {
                    continue;
                }
                match self.index_again(document).await {
                    Ok(()) => queued += 1,
                    Err(DocumentsError::Budget(_)) => walk.without_money.push(document.user_id),
                    Err(error @ DocumentsError::Database(DbError::Unavailable(_))) => {
                        return Err(error);
                    }
                    Err(error) => {
                        tracing::error!(event = "document_not_queued", document_id = document.id.0, %error);
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        failure.map_or(Ok(queued), Err)
    }
}
