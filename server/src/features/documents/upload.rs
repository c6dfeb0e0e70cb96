//! Taking a file in: received into a private temporary file, judged by its content, priced, stored,
//! and handed to a job. A refusal at any point leaves nothing behind.

use std::{collections::VecDeque, sync::Arc};

use chrono::{DateTime, Utc};
use entities::{DocumentStatus, StoreId, UserId, library::document};
use extract::{HEAD_BYTES, Sniffed, TAIL_BYTES};
use sea_orm::{ActiveValue::Set, DbErr};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tracing::Instrument as _;

use super::{Documents, DocumentsError, names, queries, repeats::KeptUpload};
use crate::platform::{
    budgets::{BudgetRefusal, Reserved},
    db::{DbError, Txn},
    http::{Problem, UploadField},
    idempotency::{Claim, IdempotencyKey, KeyRefusal, Once, once_in},
    storage::{BlobKey, StorageError, TemporaryFile},
    telemetry::traces,
};

/// Bytes of a document that make one token, for the estimate before the text is known.
const BYTES_PER_TOKEN: u64 = 4;

/// A file on local disk, read to its end and not yet judged.
pub(super) struct Received {
    file: TemporaryFile,
    filename: String,
    declared: Option<String>,
    size_bytes: u64,
    sha256: String,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// A file whose kind is known and allowed.
pub(super) struct Judged {
    received: Received,
    sniffed: Sniffed,
}

impl Judged {
    /// What makes it the same file under another request with the same key.
    pub(super) fn identity<'a>(
        &'a self,
        store: StoreId,
        display_name: Option<&'a str>,
    ) -> impl Serialize + 'a {
        let Received {
            filename, sha256, ..
        } = &self.received;
        (store, display_name, filename, sha256, &self.sniffed.mime)
    }
}

/// What was taken in, for the answer.
pub(super) struct Accepted {
    pub(super) document: document::Model,
    pub(super) estimated_cost: entities::Nanos,
}

impl Documents {
    /// Writes the field to a temporary file, hashing and counting as it comes.
    pub(super) async fn receive(&self, field: &mut UploadField) -> Result<Received, Problem> {
        let storage = |error: StorageError| Problem::from(DocumentsError::Storage(error));
        let (file, mut target) = self.0.temporary.create().await.map_err(storage)?;
        let (mut hash, mut size_bytes) = (Sha256::new(), 0_u64);
        let mut head = Vec::new();
        let mut tail = VecDeque::with_capacity(TAIL_BYTES);
        while let Some(piece) = field.chunk().await? {
            size_bytes += piece.len() as u64;
            if size_bytes > self.0.settings.max_upload_bytes {
                return Err(DocumentsError::TooLarge.into());
            }
            hash.update(&piece);
            head.extend_from_slice(&piece[..piece.len().min(HEAD_BYTES - head.len())]);
            tail.extend(&piece[piece.len().saturating_sub(TAIL_BYTES)..]);
            tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
            target
                .write_all(&piece)
                .await
                .map_err(|error| storage(error.into()))?;
        }
        target
            .flush()
            .await
            .map_err(|error| storage(error.into()))?;
        fail::fail_point!("upload-received");
        Ok(Received {
            filename: names::file_name(field.file_name().unwrap_or_default()),
            declared: field.content_type().map(str::to_owned),
            file,
            size_bytes,
            sha256: hex::encode(hash.finalize()),
            head,
            tail: tail.into(),
        })
    }

    /// Decides by content what the file is, and whether it may come in.
    pub(super) async fn judge(&self, received: Received) -> Result<Judged, DocumentsError> {
        if received.size_bytes == 0 {
            return Err(DocumentsError::InvalidField {
                field: "file",
                reason: "The file is empty".to_owned(),
            });
        }
        // Few at a time: each reads a stranger's file in the server's own process.
        let judge = Arc::clone(&self.0.judges).acquire_owned().await;
        let judge = judge.map_err(|_| DocumentsError::Database(DbError::Unavailable(None)))?;
        let judged = tokio::task::spawn_blocking(move || {
            // A client that leaves does not stop the work: its place is taken until it ends.
            let _judge = judge;
            let sniffed = extract::sniff(
                received.declared.as_deref(),
                &received.filename,
                &received.head,
                &received.tail,
                received.file.path(),
            );
            sniffed.map(|sniffed| Judged { received, sniffed })
        })
        .await
        .map_err(|_| DocumentsError::NotAllowed("The file cannot be read".to_owned()))?
        .map_err(|refusal| DocumentsError::NotAllowed(refusal.to_string()))?;
        let allowed = &self.0.settings.allowed;
        if !allowed.allows(&judged.sniffed.mime) {
            return Err(DocumentsError::NotAllowed(format!(
                "Files of type {} are not accepted here. Accepted are: {}.",
                judged.sniffed.mime,
                allowed.describe()
            )));
        }
        Ok(judged)
    }

    /// As [`Self::accept`], on a task of its own: a client that leaves between the original and the
    /// row must not leave an original that no document names.
    pub(super) async fn accept_whatever_the_client_does(
        &self,
        user: UserId,
        store: StoreId,
        display_name: Option<String>,
        judged: Judged,
        key: Option<IdempotencyKey>,
    ) -> Result<Accepted, DocumentsError> {
        let (documents, claim) = (self.clone(), self.claim(user, key));
        let accept = async move {
            if let Some(accepted) = documents.upload_before(claim.as_ref()).await? {
                return Ok(accepted);
            }
            let accepted = documents
                .accept(user, store, display_name, judged, claim.clone())
                .await;
            match accepted {
                // The same request was faster, and is answered.
                Err(DocumentsError::Key(KeyRefusal::StillProcessing)) => documents
                    .upload_before(claim.as_ref())
                    .await?
                    .ok_or_else(|| KeyRefusal::StillProcessing.into()),
                accepted => accepted,
            }
        };
        let accepted = self.0.tasks.carry_through("upload", accept).await;
        accepted.ok_or(DocumentsError::Database(DbError::Unavailable(None)))?
    }

    /// Stores the original, then the document, its hold and its job in one transaction.
    async fn accept(
        &self,
        user: UserId,
        store: StoreId,
        display_name: Option<String>,
        judged: Judged,
        claim: Option<Claim>,
    ) -> Result<Accepted, DocumentsError> {
        let Judged { received, sniffed } = judged;
        let key = BlobKey::document(user, self.0.entropy.uuid());
        self.0.blobs.put_file(&key, received.file.path()).await?;
        fail::fail_point!("upload-stored");
        let kind = sniffed.format.to_string();
        let now = self.0.clock.now();
        let estimated_tokens = (received.size_bytes / BYTES_PER_TOKEN).max(1);
        let row = NewDocument {
            user,
            store,
            filename: received.filename,
            display_name,
            media_type: sniffed.mime,
            size_bytes: i64::try_from(received.size_bytes).unwrap_or(i64::MAX),
            sha256: received.sha256,
            blob_key: key.as_str().to_owned(),
            estimated_tokens: i64::try_from(estimated_tokens).unwrap_or(i64::MAX),
            now,
        };
        let accepted = self.record_upload(user, row, claim).await;
        match &accepted {
            Ok(_) => {
                self.0.telemetry.uploads.increment([&kind, "ok"]);
                self.0
                    .telemetry
                    .upload_bytes
                    .add([&kind], received.size_bytes);
            }
            // The row may stand, with only its answer lost: an original that has none is found by
            // the duty that looks for orphans.
            Err(DocumentsError::Database(DbError::Unavailable(_))) => {}
            Err(error) => {
                if matches!(error, DocumentsError::Budget(_)) {
                    self.0.telemetry.uploads.increment([&kind, "quota"]);
                }
                self.forget(&key).await;
            }
        }
        accepted
    }

    /// Removes an original that was not taken in. Why it was not is the news, not this.
    async fn forget(&self, key: &BlobKey) {
        if let Err(error) = self.0.blobs.delete(key).await {
            tracing::warn!(event = "original_not_removed", %error);
        }
    }

    async fn record_upload(
        &self,
        user: UserId,
        row: NewDocument,
        claim: Option<Claim>,
    ) -> Result<Accepted, DocumentsError> {
        let store = row.store;
        let input = (self.clone(), row, claim);
        let recorded = self
            .0
            .db
            .write(
                self.0.budgets.key(user),
                input,
                |txn, (documents, row, claim)| {
                    let insert = documents.insert_with_job(txn, row);
                    Box::pin(once_in(txn, claim.as_ref(), insert, kept))
                },
            )
            .instrument(tracing::info_span!(target: traces::DETAIL, "hold"))
            .await?;
        let (document, reserved) = match recorded {
            Once::Done(Ok(inserted)) => inserted,
            // The transaction wrote nothing that stays.
            Once::Done(Err(NotInserted::NoBudget(refusal))) => {
                return Err(self.0.budgets.denied(*refusal).into());
            }
            Once::Done(Err(NotInserted::NoStore)) => return Err(DocumentsError::StoreNotFound),
            Once::Taken => return Err(KeyRefusal::StillProcessing.into()),
        };
        let hold = self.0.budgets.admit(Ok(reserved))?;
        let estimated_cost = hold.terms().amount;
        tracing::info!(
            event = "document_accepted",
            user_id = user.0,
            store_id = store.0,
            document_id = document.id.0,
            bytes = document.size_bytes,
        );
        Ok(Accepted {
            document,
            estimated_cost,
        })
    }

    async fn insert_with_job(
        &self,
        txn: &Txn,
        row: &NewDocument,
    ) -> Result<Result<(document::Model, Reserved), NotInserted>, DbErr> {
        if queries::store_of(txn, row.user, row.store).await?.is_none() {
            return Ok(Err(NotInserted::NoStore));
        }
        let document = queries::insert_document(txn, row.active()).await?;
        match self.enqueue_index_in(txn, &document).await? {
            Ok(reserved) => Ok(Ok((document, reserved))),
            Err(refusal) => {
                queries::remove_document(txn, document.id).await?;
                Ok(Err(NotInserted::NoBudget(Box::new(refusal))))
            }
        }
    }
}

/// Why a document was not stored.
enum NotInserted {
    /// The store was deleted meanwhile.
    NoStore,
    NoBudget(Box<BudgetRefusal>),
}

fn kept((document, reserved): &(document::Model, Reserved)) -> KeptUpload {
    KeptUpload {
        document: document.id,
        estimated_cost: reserved.amount,
    }
}

/// A document about to be stored.
struct NewDocument {
    user: UserId,
    store: StoreId,
    filename: String,
    display_name: Option<String>,
    media_type: String,
    size_bytes: i64,
    sha256: String,
    blob_key: String,
    estimated_tokens: i64,
    now: DateTime<Utc>,
}

impl NewDocument {
    fn active(&self) -> document::ActiveModel {
        document::ActiveModel {
            store_id: Set(self.store),
            user_id: Set(self.user),
            filename: Set(self.filename.clone()),
            display_name: Set(self.display_name.clone()),
            media_type: Set(self.media_type.clone()),
            size_bytes: Set(self.size_bytes),
            sha256: Set(self.sha256.clone()),
            blob_key: Set(self.blob_key.clone()),
            status: Set(DocumentStatus::Pending),
            status_updated_at: Set(self.now),
            estimated_tokens: Set(self.estimated_tokens),
            created_at: Set(self.now),
            ..Default::default()
        }
    }
}
