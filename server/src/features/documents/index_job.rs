//! The job that makes a document findable: fetch, extract, cut into passages, index, embed, settle.
//!
//! It may run more than once. Passages carry the run's generation and stay unseen until the
//! document's row has the same number, which happens in the transaction that ends the job and
//! charges for it.

use std::time::Duration;

use async_trait::async_trait;
use entities::{DocumentId, DocumentStatus, UserId, jobs::job, library::document};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::{Documents, DocumentsError, error, indexing::Indexing, interrupted, queries};
use crate::platform::{
    budgets::{Charge, ChargeKind, Hold, HoldRequest, Prices, ResizeError},
    db::{Txn, WriteKey},
    jobs::{JobContext, JobError, JobHandler, Outcome, Policy, ReplayConsent},
    telemetry::traces::{self, TraceParent},
};

/// The kind `index_document`.
pub(crate) struct IndexDocument(pub(crate) Documents);

/// Which document.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct IndexParameters {
    pub(crate) document_id: DocumentId,
}

/// Where an interrupted run continues.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct IndexCheckpoint {
    /// The run that the stored passages belong to.
    pub(super) generation: i64,
    /// Passages below this number are stored.
    pub(super) next_ordinal: usize,
    /// Passages below this number are embedded.
    pub(super) next_embedding: usize,
    /// Tokens that the embedder was paid for.
    pub(super) embedded_tokens: u64,
}

pub(super) const EXTRACT: &str = "extract";
pub(super) const INDEX: &str = "index";
pub(super) const EMBED: &str = "embed";

#[async_trait]
impl JobHandler for IndexDocument {
    const KIND: &'static str = "index_document";
    type Parameters = IndexParameters;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_mins(15),
            max_attempts: 4,
            concurrency: 2,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &[EXTRACT, INDEX, EMBED]
    }

    fn write_key(&self, user_id: Option<UserId>) -> WriteKey {
        user_id.map_or(WriteKey::Free, |user| self.0.0.budgets.key(user))
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: IndexParameters,
    ) -> Result<Outcome, JobError> {
        let documents = &self.0;
        let document = queries::any_document(documents.0.db.read(), parameters.document_id)
            .await
            .map_err(error::db)?;
        let Some(document) = document.filter(|document| document.deleted_at.is_none()) else {
            return Err(JobError::Cancelled);
        };
        documents.begin(context, &document).await?;
        let mut indexing = Indexing::read(documents, context, &document).await?;
        let Some(hold) = documents.pay(context, &document, indexing.tokens()).await? else {
            return Ok(Outcome::AwaitBudget);
        };
        indexing.store_passages().await?;
        let embedding = tokio::time::timeout(
            documents.0.settings.embedding_timeout,
            indexing.embed(&hold),
        );
        embedding
            .await
            .map_err(|_| JobError::retry("timeout", "The embedding provider took too long."))??;
        let finished = Finished {
            documents: documents.clone(),
            document_id: document.id,
            hold: hold.id(),
            charge: indexing.charge(),
            indexed: indexing.outcome(),
        };
        indexing.remove_older_passages().await?;
        Ok(Outcome::done_with(finished, |txn, finished| {
            Box::pin(finished.commit(txn))
        }))
    }

    async fn replay_in(&self, txn: &Txn, new: &job::Model) -> Result<ReplayConsent, DbErr> {
        let documents = &self.0;
        let document = match new.subject_id.map(DocumentId) {
            Some(id) => queries::any_document(txn, id).await?,
            None => None,
        };
        let Some(document) = document.filter(|document| document.deleted_at.is_none()) else {
            let reason = "The document was deleted.".to_owned();
            return Ok(ReplayConsent::Refused(reason));
        };
        if document.status != DocumentStatus::Error {
            let reason = format!("The document is {}.", document.status.as_str());
            return Ok(ReplayConsent::Refused(reason));
        }
        let now = documents.0.clock.now();
        queries::change_status(txn, document.id, DocumentStatus::Pending, None, now).await?;
        // The job places its hold itself, or waits for money.
        queries::set_work(txn, document.id, new.id, None).await?;
        Ok(ReplayConsent::Granted { hold_id: None })
    }

    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        let documents = &self.0;
        let document = match job.subject_id.map(DocumentId) {
            Some(id) => queries::any_document(txn, id).await?,
            None => None,
        };
        // A document without a job is one whose deletion stopped this one.
        let document = document.filter(|document| document.job_id.is_none_or(|id| id == job.id));
        documents.end_hold_of(txn, job, document.as_ref()).await?;
        let Some(document) = document.filter(interrupted::is_unfinished) else {
            return Ok(());
        };
        if document.job_id.is_some() {
            let reason = job
                .error_message
                .as_deref()
                .unwrap_or("Indexing was stopped.");
            let now = documents.0.clock.now();
            let status = DocumentStatus::Error;
            return queries::change_status(txn, document.id, status, Some(reason), now).await;
        }
        if document.deleted_at.is_none() {
            documents.resume_indexing(txn, &document).await?;
        }
        Ok(())
    }
}

/// What the end of an indexing run writes, in one transaction.
struct Finished {
    documents: Documents,
    document_id: DocumentId,
    hold: entities::HoldId,
    charge: Charge,
    indexed: queries::Indexed,
}

impl Finished {
    async fn commit(&self, txn: &Txn) -> Result<(), DbErr> {
        let documents = &self.documents.0;
        let now = documents.clock.now();
        queries::finish_document(txn, self.document_id, &self.indexed, now).await?;
        if let Err(closed) = documents
            .budgets
            .settle_in(txn, self.hold, &self.charge)
            .await?
        {
            // The document is indexed all the same; the ledger has the entry that closed the hold.
            tracing::warn!(hold_id = %self.hold, reason = %closed, "indexing could not be charged");
        }
        Ok(())
    }
}

impl Documents {
    /// What indexing so many tokens may cost.
    pub(super) fn index_hold(&self, document: &document::Model, tokens: u64) -> HoldRequest {
        let settings = &self.0.settings;
        let index_rates = settings.prices.rates(&settings.index_model.to_string());
        let embed_rates = settings
            .embedding_model
            .as_ref()
            .map(|model| settings.prices.rates(&model.to_string()));
        HoldRequest {
            user_id: document.user_id,
            kind: ChargeKind::Index,
            provider: settings.index_model.provider.as_str().to_owned(),
            model: settings.index_model.name.clone(),
            prices: Prices::of_index(&index_rates, embed_rates.as_ref()),
            prompt_tokens: tokens,
            max_output_tokens: 0,
            born_sent: false,
            job_id: None,
            stream_id: None,
            trace_id: traces::current().map(TraceParent::trace_id),
            store_id: Some(document.store_id),
        }
    }

    async fn begin(
        &self,
        context: &JobContext,
        document: &document::Model,
    ) -> Result<(), JobError> {
        let input = (document.id, context.now());
        let id = document.id;
        tracing::info!(event = "document_indexing", document_id = id.0, job_id = %context.job_id());
        context
            .write_held(WriteKey::Free, input, |txn, (id, now)| {
                Box::pin(queries::change_status(
                    txn,
                    *id,
                    DocumentStatus::Running,
                    None,
                    *now,
                ))
            })
            .await
    }

    /// Brings the job's hold to the exact cost, or places a new one when it was given back while
    /// the job waited. `None`: there is no money for it; the job waits.
    async fn pay(
        &self,
        context: &JobContext,
        document: &document::Model,
        tokens: u64,
    ) -> Result<Option<Hold>, JobError> {
        let budgets = &self.0.budgets;
        let current = match document.hold_id {
            Some(id) => budgets.take_up(id).await?,
            None => None,
        };
        let Some(mut hold) = current else {
            return self.pay_anew(context, document, tokens).await;
        };
        let input = (budgets.clone(), hold.id(), tokens);
        let resized = context
            .write_held(
                budgets.key(document.user_id),
                input,
                |txn, (budgets, id, tokens)| {
                    Box::pin(async move {
                        let resized = budgets.resize_in(txn, *id, *tokens, 0).await?;
                        if let Err(ResizeError::Refused(_)) = &resized {
                            // A hold that came to an end meanwhile needs no release.
                            let _ = budgets.release_in(txn, *id).await?;
                        }
                        Ok(resized)
                    })
                },
            )
            .await?;
        match resized {
            Ok(terms) => {
                hold.resized(terms);
                Ok(Some(hold))
            }
            Err(ResizeError::Closed(_)) => self.pay_anew(context, document, tokens).await,
            Err(ResizeError::Refused(_)) => {
                // Given back in the same transaction.
                let _ = budgets.released(hold, Ok(()));
                Ok(None)
            }
        }
    }

    async fn pay_anew(
        &self,
        context: &JobContext,
        document: &document::Model,
        tokens: u64,
    ) -> Result<Option<Hold>, JobError> {
        let request = HoldRequest {
            job_id: Some(context.job_id()),
            ..self.index_hold(document, tokens)
        };
        let input = (self.clone(), request, document.id);
        let outcome = context
            .write_held(
                self.0.budgets.key(document.user_id),
                input,
                |txn, (documents, request, id)| {
                    Box::pin(async move {
                        let outcome = documents.0.budgets.hold_in(txn, request).await?;
                        if let Ok(reserved) = &outcome {
                            // Which job it is stands in the row, unless a deletion has taken it out.
                            queries::set_hold(txn, *id, reserved.id).await?;
                        }
                        Ok(outcome)
                    })
                },
            )
            .await?;
        Ok(self.0.budgets.admit(outcome).ok())
    }

    /// Gives the money of a job back that came to nothing; what an embedder was paid is charged.
    async fn end_hold_of(
        &self,
        txn: &Txn,
        job: &job::Model,
        document: Option<&document::Model>,
    ) -> Result<(), DbErr> {
        let hold = document.and_then(|document| document.hold_id);
        let Some(hold) = hold.or(job.hold_id) else {
            return Ok(());
        };
        let spent = job
            .checkpoint
            .clone()
            .and_then(|checkpoint| serde_json::from_value::<IndexCheckpoint>(checkpoint).ok())
            .map_or(0, |checkpoint| checkpoint.embedded_tokens);
        let budgets = &self.0.budgets;
        if spent == 0 {
            // Already resolved is as good.
            let _ = budgets.release_in(txn, hold).await?;
        } else {
            let charge = Charge {
                index_tokens: spent,
                estimated: true,
                error_code: job.error_class.clone(),
                document_id: job.subject_id.map(DocumentId),
                ..Charge::default()
            };
            let _ = budgets.settle_in(txn, hold, &charge).await?;
        }
        Ok(())
    }
}

impl From<extract::ExtractError> for JobError {
    fn from(error: extract::ExtractError) -> Self {
        if matches!(error, extract::ExtractError::Cancelled) {
            Self::Cancelled
        } else if error.is_transient() {
            Self::retry(error.class(), error.to_string())
        } else {
            Self::fail(error.class(), error.to_string())
        }
    }
}

impl From<crate::platform::storage::StorageError> for JobError {
    fn from(error: crate::platform::storage::StorageError) -> Self {
        DocumentsError::Storage(error).into()
    }
}
