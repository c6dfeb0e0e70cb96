//! Finding the passages that a question is answered from.

use entities::{StoreId, UserId};
use tracing::{Instrument as _, field::Empty};

use super::{Chat, ChatError, error, sources::Sources};
use crate::platform::{
    ai::ModelRef,
    budgets::{Charge, ChargeKind, HoldRequest, Prices},
    retrieval::{self, QuestionVector, Scope},
    telemetry::traces,
};

/// Passages that a prompt is given.
const PASSAGES: usize = 8;

impl Chat {
    /// The passages that may answer the question.
    pub(super) async fn find(
        &self,
        user: UserId,
        stores: &[StoreId],
        question: &str,
        filter: &[(String, Vec<String>)],
    ) -> Result<Sources, ChatError> {
        let begun = std::time::Instant::now();
        let documents = if filter.is_empty() {
            None
        } else {
            let matching = self.0.documents.matching(user, stores, filter).await;
            Some(matching.map_err(ChatError::Documents)?)
        };
        let scope = Scope {
            user_id: user,
            store_ids: stores.to_vec(),
            document_ids: documents,
        };
        let vector = self.embed_whatever_the_client_does(user, question).await?;
        let asked = retrieval::Question {
            text: question,
            vector,
        };
        let span = tracing::info_span!(
            target: traces::DETAIL,
            "retrieval",
            "binnacle.retrieval.passages" = Empty,
        );
        let hits = retrieval::search(self.0.db.read(), &self.0.vectors, &scope, &asked, PASSAGES)
            .instrument(span.clone())
            .await
            .map_err(error::db)?;
        span.record("binnacle.retrieval.passages", hits.len());
        self.0
            .telemetry
            .retrieval_seconds
            .record(["search"], begun.elapsed().as_secs_f64());
        Ok(Sources::new(hits, question))
    }

    /// The question's vector, when there is an embedder. On a task of its own: a client that leaves
    /// once the money is reserved must not leave the charge to an estimate.
    async fn embed_whatever_the_client_does(
        &self,
        user: UserId,
        question: &str,
    ) -> Result<Option<QuestionVector>, ChatError> {
        let Some(model) = self.0.settings.embedding_model.clone() else {
            return Ok(None);
        };
        let (chat, question) = (self.clone(), question.to_owned());
        let embed = async move { chat.embed_question(user, &model, &question).await };
        let embedded = self.0.tasks.carry_through("question-vector", embed).await;
        embedded.ok_or_else(|| self.cut())?
    }

    /// The question's vector, paid for.
    async fn embed_question(
        &self,
        user: UserId,
        model: &ModelRef,
        question: &str,
    ) -> Result<Option<QuestionVector>, ChatError> {
        let rates = self.0.settings.prices.rates(&model.to_string());
        let request = HoldRequest {
            kind: ChargeKind::Embedding,
            prices: Prices::of_embedding(&rates),
            prompt_tokens: crate::platform::ai::token_upper_bound(question),
            max_output_tokens: 0,
            ..self.hold_request(user, model, None)
        };
        let hold = self.0.budgets.hold(request).await??;
        match self
            .0
            .gateway
            .embed(&hold, model, &[question.to_owned()])
            .await
        {
            Ok(embeddings) => {
                let charge = Charge {
                    prompt_tokens: embeddings.usage.prompt_tokens,
                    estimated: embeddings.usage.estimated,
                    ..Default::default()
                };
                // A hold that the sweep closed meanwhile has its entry already.
                let _ = self.0.budgets.settle(hold, charge).await?;
                Ok(embeddings
                    .vectors
                    .into_iter()
                    .next()
                    .map(|vector| QuestionVector {
                        model: model.to_string().into(),
                        vector,
                    }))
            }
            Err(error) => {
                let _ = self.0.budgets.release(hold).await?;
                // Words alone still find passages.
                tracing::warn!(event = "embedding_failed", %error, "searching without the vector");
                Ok(None)
            }
        }
    }
}
