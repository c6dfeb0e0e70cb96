//! Who is asked, how often, and for how long: retries, fallback and deadlines, all of them before
//! the first token.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use super::answer::{Answer, AnswerParts, Usage};
use super::breaker::{Breaker, BreakerState};
use super::call::CallRecord;
use super::error::{ErrorKind, ProviderError};
use super::model::{ModelRef, ProviderName};
use super::observer::{AiObserver, Operation};
use super::prompt::Prompt;
use super::providers::{Chat, Piece, Pieces, Provider, RawEmbeddings};
use super::request::ChatRequest;
use super::settings::{BreakerSettings, RetrySettings, Timeouts};
use super::{Embeddings, tokens};

/// Gives numbers from 0 to 1 that spread out the retries of many callers.
pub(crate) type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// A provider and its circuit breaker.
pub(super) struct Route {
    pub(super) provider: Provider,
    pub(super) breaker: Arc<Breaker>,
}

impl Route {
    pub(super) fn new(
        provider: Provider,
        settings: BreakerSettings,
        observer: Arc<dyn AiObserver>,
    ) -> Self {
        let breaker = Arc::new(Breaker::new(provider.name(), settings, observer));
        Self { provider, breaker }
    }
}

pub(super) struct Router {
    routes: Vec<Route>,
    timeouts: Timeouts,
    retry: RetrySettings,
    observer: Arc<dyn AiObserver>,
    jitter: Jitter,
}

/// What the tries of one provider have in common.
struct Attempts<'a> {
    route: &'a Route,
    model: &'a ModelRef,
    operation: Operation,
    most: u32,
    deadline: Instant,
    /// Put into traces only where content belongs there.
    question: &'a str,
}

impl Router {
    pub(super) fn new(
        routes: Vec<Route>,
        timeouts: Timeouts,
        retry: RetrySettings,
        observer: Arc<dyn AiObserver>,
        jitter: Jitter,
    ) -> Self {
        Self {
            routes,
            timeouts,
            retry,
            observer,
            jitter,
        }
    }

    /// Asks the models in order until one begins to answer. When none does, the error is that of
    /// the model that was asked for.
    pub(super) async fn chat(
        &self,
        chain: &[ModelRef],
        request: &ChatRequest,
    ) -> Result<Answer, ProviderError> {
        let deadline = Instant::now() + self.timeouts.total;
        let prompt = Prompt::render(request);
        let mut first_error = None;
        for model in chain {
            match self.chat_with(model, request, &prompt, deadline).await {
                Ok(answer) => {
                    let asked = request.model.provider;
                    if first_error.is_some() && model.provider != asked {
                        self.observer.fell_back(asked, model.provider);
                    }
                    return Ok(answer);
                }
                Err(error) if !error.kind.worth_falling_back() => return Err(error),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| not_configured(request.model.provider)))
    }

    async fn chat_with(
        &self,
        model: &ModelRef,
        request: &ChatRequest,
        prompt: &Prompt,
        deadline: Instant,
    ) -> Result<Answer, ProviderError> {
        let attempts = Attempts {
            route: self.route(model.provider)?,
            model,
            operation: Operation::Chat,
            most: self.retry.stream_attempts,
            deadline,
            question: &request.question,
        };
        let (record, pieces) = self
            .attempt(&attempts, || async {
                let first_token = Instant::now() + self.timeouts.first_token;
                let chat = Chat {
                    model: &model.name,
                    request,
                    prompt,
                };
                let begun = begin(&attempts.route.provider, chat);
                timeout_at(first_token.min(deadline), begun)
                    .await
                    .unwrap_or_else(|_| Err(no_first_token(model.provider)))
            })
            .await?;
        Ok(Answer::new(AnswerParts {
            pieces,
            record,
            deadline,
            prompt_estimate: tokens::prompt_estimate(prompt),
            max_output_tokens: request.max_output_tokens,
        }))
    }

    /// Embeds in batches of what the provider takes.
    pub(super) async fn embed(
        &self,
        model: &ModelRef,
        inputs: &[String],
    ) -> Result<Embeddings, ProviderError> {
        let route = self.route(model.provider)?;
        let mut vectors: Vec<Vec<f32>> = Vec::with_capacity(inputs.len());
        let mut usage = Usage {
            prompt_tokens: 0,
            completion_tokens: 0,
            estimated: false,
        };
        for batch in inputs.chunks(route.provider.embedding_batch()) {
            let part = self.embed_batch(route, model, batch).await?;
            usage.estimated |= part.prompt_tokens.is_none();
            usage.prompt_tokens += part
                .prompt_tokens
                .unwrap_or_else(|| batch.iter().map(|text| tokens::estimate(text)).sum());
            vectors.extend(part.vectors);
        }
        if !same_length(&vectors) {
            let message = "the vectors have different lengths";
            return Err(ProviderError::new(
                model.provider,
                ErrorKind::Protocol,
                message,
            ));
        }
        Ok(Embeddings {
            model: model.clone(),
            vectors,
            usage,
        })
    }

    async fn embed_batch(
        &self,
        route: &Route,
        model: &ModelRef,
        batch: &[String],
    ) -> Result<RawEmbeddings, ProviderError> {
        let attempts = Attempts {
            route,
            model,
            operation: Operation::Embeddings,
            most: self.retry.request_attempts,
            deadline: Instant::now() + self.timeouts.total,
            question: "",
        };
        let (mut record, part) = self
            .attempt(&attempts, || async {
                let limit = Instant::now() + self.timeouts.request;
                let part = timeout_at(limit, route.provider.embed(&model.name, batch))
                    .await
                    .unwrap_or_else(|_| Err(no_answer(model.provider)))?;
                if part.vectors.len() == batch.len() && same_length(&part.vectors) {
                    return Ok(part);
                }
                let message = "the vectors are not one per text, all of one length";
                Err(ProviderError::new(
                    model.provider,
                    ErrorKind::Protocol,
                    message,
                ))
            })
            .await?;
        let prompt_tokens = part
            .prompt_tokens
            .unwrap_or_else(|| batch.iter().map(|text| tokens::estimate(text)).sum());
        let estimated = part.prompt_tokens.is_none();
        record.used(Usage {
            prompt_tokens,
            completion_tokens: 0,
            estimated,
        });
        record.completed();
        Ok(part)
    }

    /// Makes the call until it succeeds, is not worth making again, or was made often enough.
    async fn attempt<T, Call, Reply>(
        &self,
        attempts: &Attempts<'_>,
        call: Call,
    ) -> Result<(CallRecord, T), ProviderError>
    where
        Call: Fn() -> Reply,
        Reply: Future<Output = Result<T, ProviderError>>,
    {
        let provider = attempts.model.provider;
        let mut tried = 0;
        let mut last = None;
        loop {
            let permit = match attempts.route.breaker.admit() {
                Ok(permit) => permit,
                Err(after) => return Err(last.unwrap_or_else(|| breaker_open(provider, after))),
            };
            let observer = Arc::clone(&self.observer);
            let model = attempts.model.clone();
            let mut record = CallRecord::start(observer, permit, attempts.operation, model);
            record.asked(attempts.question);
            let span = record.span().clone();
            let error = match call().instrument(span).await {
                Ok(reply) => {
                    record.answering();
                    return Ok((record, reply));
                }
                Err(error) => error,
            };
            record.failed(error.kind);
            drop(record);
            tried += 1;
            let Some(wait) = self.wait_before(tried, attempts, &error) else {
                return Err(error);
            };
            last = Some(error);
            sleep(wait).await;
        }
    }

    /// How long to wait before the next try; none when there should be none.
    fn wait_before(
        &self,
        tried: u32,
        attempts: &Attempts<'_>,
        error: &ProviderError,
    ) -> Option<Duration> {
        if tried >= attempts.most || !error.kind.worth_retrying() {
            return None;
        }
        let doubled = self
            .retry
            .base
            .saturating_mul(1_u32.checked_shl(tried - 1)?);
        let spread = f64::midpoint(1.0, (self.jitter)().clamp(0.0, 1.0));
        let asked = error.kind.retry_after().unwrap_or_default();
        let wait = doubled.mul_f64(spread).max(asked);
        let worth_it =
            asked <= self.retry.longest_wait && Instant::now() + wait < attempts.deadline;
        worth_it.then_some(wait)
    }

    fn route(&self, provider: ProviderName) -> Result<&Route, ProviderError> {
        self.of(provider).ok_or_else(|| not_configured(provider))
    }

    pub(super) fn of(&self, provider: ProviderName) -> Option<&Route> {
        self.routes
            .iter()
            .find(|route| route.provider.name() == provider)
    }

    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(super) fn breakers(&self) -> Vec<(ProviderName, BreakerState)> {
        let states = self.routes.iter();
        states
            .map(|route| (route.provider.name(), route.breaker.state()))
            .collect()
    }

    pub(super) async fn probe(
        &self,
        deadline: Instant,
    ) -> Vec<(ProviderName, Result<(), ProviderError>)> {
        join_all(self.routes.iter().map(|route| async move {
            let name = route.provider.name();
            let probed = timeout_at(deadline, route.provider.probe()).await;
            (name, probed.unwrap_or_else(|_| Err(no_answer(name))))
        }))
        .await
    }
}

/// Sends the chat and reads on to the first text, or to the end of an answer without any. What was
/// read comes back in front of what is still to come.
async fn begin(provider: &Provider, chat: Chat<'_>) -> Result<Pieces, ProviderError> {
    let mut pieces = provider.chat(chat).await?;
    let mut read = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let enough = matches!(piece, Piece::Text(_) | Piece::End);
        read.push(piece);
        if enough {
            break;
        }
    }
    // An answer without text is one only if the provider says what it used, as a model does that
    // spent its whole limit on thinking.
    if !read
        .iter()
        .any(|piece| matches!(piece, Piece::Text(_) | Piece::Usage { .. }))
    {
        let message = "the answer ended without any text";
        return Err(ProviderError::new(
            provider.name(),
            ErrorKind::Protocol,
            message,
        ));
    }
    Ok(stream::iter(read.into_iter().map(Ok)).chain(pieces).boxed())
}

fn same_length(vectors: &[Vec<f32>]) -> bool {
    let length = vectors.first().map_or(0, Vec::len);
    let sound = |vector: &Vec<f32>| vector.len() == length && vector.iter().all(|x| x.is_finite());
    vectors.iter().all(sound) && (length > 0 || vectors.is_empty())
}

fn breaker_open(provider: ProviderName, after: Duration) -> ProviderError {
    let kind = ErrorKind::Unavailable {
        retry_after: Some(after),
    };
    ProviderError::new(
        provider,
        kind,
        "the provider failed repeatedly and is left alone for now",
    )
}

fn not_configured(provider: ProviderName) -> ProviderError {
    let kind = ErrorKind::Unavailable { retry_after: None };
    ProviderError::new(
        provider,
        kind,
        "the provider is not configured; see AI_PROVIDERS",
    )
}

fn no_first_token(provider: ProviderName) -> ProviderError {
    ProviderError::new(provider, ErrorKind::Timeout, "no text came in time")
}

fn no_answer(provider: ProviderName) -> ProviderError {
    ProviderError::new(provider, ErrorKind::Timeout, "no answer came in time")
}
