//! The steps of indexing one document, each of which an interrupted run continues.

use entities::{DocumentId, library::document};
use extract::{Extractor, Format, Progress};

use super::{
    Documents,
    index_job::{EMBED, EXTRACT, INDEX, IndexCheckpoint},
    queries,
};
use crate::platform::{
    ai::{ErrorKind, ProviderError},
    budgets::{Charge, Hold},
    db::WriteKey,
    jobs::{JobContext, JobError},
    retrieval::{self, Chunk, INDEX_BATCH, Keep, NewVector, Source},
    storage::BlobKey,
};

/// Passages that one transaction takes away.
const REMOVE_BATCH: u64 = 200;
/// Texts of one call to the embedder.
const EMBED_BATCH: usize = 64;
/// Progress by stage: extraction to 0.4, indexing to 0.7 or the end, embedding to the end.
const EXTRACTED: f64 = 0.4;
const INDEXED: f64 = 0.7;

/// A document that was read, on its way into the index.
pub(super) struct Indexing<'a> {
    documents: &'a Documents,
    context: &'a JobContext,
    document: &'a document::Model,
    chunks: Vec<Chunk>,
    page_count: Option<i32>,
    tokens: u64,
    at: IndexCheckpoint,
}

impl<'a> Indexing<'a> {
    /// Fetches the original, extracts its text in a child process and cuts it into passages.
    pub(super) async fn read(
        documents: &'a Documents,
        context: &'a JobContext,
        document: &'a document::Model,
    ) -> Result<Self, JobError> {
        context.progress(0.0, EXTRACT).await?;
        let (file, _) = documents.0.temporary.create().await?;
        let blob = BlobKey::stored(&document.blob_key);
        documents.0.blobs.fetch_to(&blob, file.path()).await?;
        let extracted = extract_with_progress(documents, context, document, file.path()).await?;
        drop(file);
        let page_count = extracted
            .page_count
            .and_then(|count| i32::try_from(count).ok());
        let chunks = tokio::task::spawn_blocking(move || retrieval::chunks(&extracted))
            .await
            .map_err(|_| JobError::fail("chunk", "The text could not be cut into passages."))?;
        if chunks.is_empty() {
            return Err(extract::ExtractError::Empty.into());
        }
        let tokens = chunks
            .iter()
            .map(|chunk| u64::from(chunk.token_count))
            .sum();
        let begun = context
            .checkpoint::<IndexCheckpoint>()
            .filter(|at| at.generation > document.generation);
        let at = match begun {
            Some(at) => at,
            None => begin_generation(documents, context, document).await?,
        };
        Ok(Self {
            documents,
            context,
            document,
            chunks,
            page_count,
            tokens,
            at,
        })
    }

    /// Tokens of the whole text: what indexing is charged by.
    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    fn source(&self) -> Source {
        Source {
            document_id: self.document.id,
            store_id: self.document.store_id,
            user_id: self.document.user_id,
            generation: self.at.generation,
        }
    }

    /// Stores the passages, a bounded number in each transaction together with the checkpoint.
    pub(super) async fn store_passages(&mut self) -> Result<(), JobError> {
        let end = if self.documents.0.settings.embedding_model.is_some() {
            INDEXED
        } else {
            1.0
        };
        while self.at.next_ordinal < self.chunks.len() {
            self.context.check()?;
            let from = self.at.next_ordinal;
            let to = (from + INDEX_BATCH).min(self.chunks.len());
            let (source, batch) = (self.source(), self.chunks[from..to].to_vec());
            let passages = tokio::task::spawn_blocking(move || retrieval::prepare(source, &batch))
                .await
                .map_err(|_| JobError::fail("index", "The passages could not be analysed."))?;
            self.at.next_ordinal = to;
            self.write(StoreBatch {
                passages,
                vectors: Vec::new(),
                model: String::new(),
            })
            .await?;
            fail::fail_point!("index-batch");
            self.context
                .progress(
                    EXTRACTED + (end - EXTRACTED) * ratio(to, self.chunks.len()),
                    INDEX,
                )
                .await?;
        }
        Ok(())
    }

    /// Embeds the passages, when there is an embedder.
    pub(super) async fn embed(&mut self, hold: &Hold) -> Result<(), JobError> {
        let documents = self.documents;
        let Some(model) = &documents.0.settings.embedding_model else {
            return Ok(());
        };
        documents
            .0
            .budgets
            .mark_sent(hold)
            .await?
            .map_err(|closed| JobError::retry("hold", closed.to_string()))?;
        let ids =
            retrieval::passage_ids(documents.0.db.read(), self.document.id, self.at.generation)
                .await
                .map_err(super::error::db)?;
        while self.at.next_embedding < self.chunks.len() {
            self.context.check()?;
            let from = self.at.next_embedding;
            let to = (from + EMBED_BATCH).min(self.chunks.len());
            let texts: Vec<String> = self.chunks[from..to]
                .iter()
                .map(|chunk| chunk.body.clone())
                .collect();
            let embeddings = documents.0.gateway.embed(hold, model, &texts).await?;
            let vectors = embeddings
                .vectors
                .into_iter()
                .zip(from..to)
                .filter_map(|(vector, ordinal)| {
                    let passage_id = *ids.get(&ordinal)?;
                    Some(NewVector {
                        passage_id,
                        document_id: self.document.id,
                        store_id: self.document.store_id,
                        vector,
                    })
                })
                .collect();
            self.at.next_embedding = to;
            self.at.embedded_tokens += embeddings.usage.prompt_tokens;
            self.write(StoreBatch {
                passages: Vec::new(),
                vectors,
                model: model.to_string(),
            })
            .await?;
            self.context
                .progress(
                    INDEXED + (1.0 - INDEXED) * ratio(to, self.chunks.len()),
                    EMBED,
                )
                .await?;
        }
        Ok(())
    }

    /// Writes a batch and the checkpoint behind it, on the condition that the lease still holds.
    async fn write(&self, batch: StoreBatch) -> Result<(), JobError> {
        let checkpoint = serde_json::to_value(self.at)
            .map_err(|error| JobError::fail("checkpoint", error.to_string()))?;
        let written = self.context.write_alone(checkpoint, batch, |txn, batch| {
            Box::pin(async move {
                retrieval::index(txn, &batch.passages).await?;
                retrieval::store_vectors(txn, &batch.model, &batch.vectors).await
            })
        });
        written.await
    }

    /// Takes the passages of other runs away; searches do not see them either way.
    pub(super) async fn remove_older_passages(&self) -> Result<(), JobError> {
        let keep = Keep::Generation(self.at.generation);
        remove_passages(self.context, self.document.id, keep).await
    }

    /// What the whole run is charged for.
    pub(super) fn charge(&self) -> Charge {
        Charge {
            index_tokens: self.tokens,
            document_id: Some(self.document.id),
            ..Charge::default()
        }
    }

    /// What the document's row learns.
    pub(super) fn outcome(&self) -> queries::Indexed {
        queries::Indexed {
            page_count: self.page_count,
            index_tokens: i64::try_from(self.tokens).unwrap_or(i64::MAX),
            embedding_model: self
                .documents
                .0
                .settings
                .embedding_model
                .as_ref()
                .map(ToString::to_string),
            generation: self.at.generation,
        }
    }
}

/// A number of its own for a run: a job that failed or was stopped may have left passages.
async fn begin_generation(
    documents: &Documents,
    context: &JobContext,
    document: &document::Model,
) -> Result<IndexCheckpoint, JobError> {
    let left = retrieval::newest_generation(documents.0.db.read(), document.id);
    let left = left.await.map_err(super::error::db)?;
    Ok(IndexCheckpoint {
        generation: document.generation.max(left) + context.claim().max(1),
        ..IndexCheckpoint::default()
    })
}

struct StoreBatch {
    passages: Vec<retrieval::NewPassage>,
    vectors: Vec<NewVector>,
    model: String,
}

/// Runs the extractor, showing how far it is as it goes.
async fn extract_with_progress(
    documents: &Documents,
    context: &JobContext,
    document: &document::Model,
    file: &std::path::Path,
) -> Result<extract::Extracted, JobError> {
    let format = Format::from_mime(&document.media_type).ok_or_else(|| {
        JobError::fail("unsupported", "This kind of file cannot be read any more.")
    })?;
    let (progress, mut reported) = tokio::sync::watch::channel(0.0);
    let extractor: &Extractor = &documents.0.settings.extractor;
    let extraction = extractor.run(file, format, context.cancelled().clone(), move |now| {
        progress.send_replace(read_ratio(now));
    });
    let mut extraction = std::pin::pin!(extraction);
    loop {
        tokio::select! {
            outcome = &mut extraction => return Ok(outcome?),
            Ok(()) = reported.changed() => {
                let ratio = *reported.borrow_and_update();
                context.progress(EXTRACTED * ratio, EXTRACT).await?;
            }
        }
    }
}

/// How much is read, as far as the format tells how much there is.
fn read_ratio(now: Progress) -> f64 {
    now.total
        .map_or(0.0, |total| f64::from(now.done) / f64::from(total.max(1)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of passages stay far below 2^53"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Takes passages of a document away, a bounded number in each transaction, as long as this run
/// holds the job.
pub(super) async fn remove_passages(
    context: &JobContext,
    id: DocumentId,
    keep: Keep,
) -> Result<(), JobError> {
    loop {
        let removed = context
            .write_held(WriteKey::Free, (id, keep), |txn, (id, keep)| {
                Box::pin(retrieval::remove(txn, *id, *keep, REMOVE_BATCH))
            })
            .await?;
        if removed < REMOVE_BATCH {
            return Ok(());
        }
    }
}

impl From<ProviderError> for JobError {
    fn from(error: ProviderError) -> Self {
        let class = error.kind.as_str();
        match error.kind {
            ErrorKind::Auth | ErrorKind::BadRequest | ErrorKind::Policy => {
                Self::fail(class, error.to_string())
            }
            _ => Self::retry(class, error.to_string()),
        }
    }
}
