//! The one metered door to models: no call without a hold.
//!
//! [`Gateway::stream_chat`] and [`Gateway::embed`] take a [`Hold`]; there is no other way to a
//! provider. Retries and fallbacks happen before the first token only, so a caller sees one answer
//! of one model, and the hold must cover the dearest of [`Models::chain`].

mod answer;
mod breaker;
mod call;
mod error;
mod model;
mod observer;
mod prompt;
mod providers;
mod request;
mod route;
mod settings;
mod standing;
#[cfg(test)]
mod tests;
mod tokens;

use std::sync::Arc;

use tokio::time::Instant;

pub(crate) use answer::{Answer, ChatEvent, FinishReason, Usage};
pub(crate) use breaker::BreakerState;
pub(crate) use error::{ErrorKind, ProviderError};
pub(crate) use model::{ModelRef, Models, ProviderName};
pub(crate) use observer::{AiObserver, FinishedCall, Operation, Outcome};
pub(crate) use prompt::PROMPT_BUDGET_CHARS;
pub(crate) use request::{ChatRequest, PromptPassage, Role, Turn};
pub(crate) use route::Jitter;
pub(crate) use settings::{AiSettings, AiSetupError};
pub(crate) use standing::ProviderStanding;
pub(crate) use tokens::upper_bound as token_upper_bound;

use prompt::Prompt;
use providers::{Gemini, Offline, OpenAi, Provider};
use route::{Route, Router};

use crate::platform::budgets::Hold;
use crate::platform::outbound::{Client, OutboundError};

/// The vectors of a batch of texts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embeddings {
    pub(crate) model: ModelRef,
    /// One per input, in order, all of one length.
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) usage: Usage,
}

/// The largest number of tokens that a chat can use: what a hold must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenBound {
    pub(crate) prompt_tokens: u64,
    pub(crate) completion_tokens: u64,
}

/// The configured providers behind one door.
pub(crate) struct Gateway {
    models: Models,
    router: Router,
}

impl Gateway {
    /// Sets up the providers of `settings.order`. `client` is asked only when one of them needs the
    /// network; `jitter` gives numbers from 0 to 1.
    pub(crate) fn new(
        settings: &AiSettings,
        client: impl FnOnce() -> Result<Client, OutboundError>,
        observer: Arc<dyn AiObserver>,
        jitter: Jitter,
    ) -> Result<Self, AiSetupError> {
        let models = Models::new(settings);
        let remote = settings
            .order
            .iter()
            .any(|name| *name != ProviderName::Offline);
        let client = if remote { Some(client()?) } else { None };
        let idle = settings.timeouts.idle;
        let mut ways = Vec::new();
        for name in &settings.order {
            let provider = match (name, &client) {
                (ProviderName::OpenAi, Some(client)) => {
                    Provider::OpenAi(OpenAi::new(client.clone(), &settings.openai, idle)?)
                }
                (ProviderName::Gemini, Some(client)) => {
                    let observer = Arc::clone(&observer);
                    let (client, gemini) = (client.clone(), &settings.gemini);
                    Provider::Gemini(Gemini::new(client, gemini, idle, observer)?)
                }
                _ => Provider::Offline(Offline::new(settings.offline_latency)),
            };
            ways.push(Route::new(
                provider,
                settings.breaker,
                Arc::clone(&observer),
            ));
        }
        let named = settings.models.iter().chain(&settings.fallback_models);
        let named: Vec<_> = named.chain([&settings.default_model]).collect();
        observer.expect(&settings.order, &named);
        let (timeouts, retry) = (settings.timeouts, settings.retry);
        let router = Router::new(ways, timeouts, retry, observer, jitter);
        Ok(Self { models, router })
    }

    /// The models that may be asked for.
    pub(crate) fn models(&self) -> &Models {
        &self.models
    }

    /// Cuts the request to the prompt budget and says what it can use at most. Call it before
    /// taking the hold, and pass the request that it returns on to [`Gateway::stream_chat`].
    pub(crate) fn prepare(request: ChatRequest) -> (ChatRequest, TokenBound) {
        let request = prompt::fit(request, PROMPT_BUDGET_CHARS);
        let bound = TokenBound {
            prompt_tokens: tokens::prompt_upper_bound(&Prompt::render(&request)),
            completion_tokens: u64::from(request.max_output_tokens),
        };
        (request, bound)
    }

    /// Asks the model, then the others of its chain. Returns when the first text has come, so that
    /// [`Answer::model`] is who answers; dropping the answer ends the call.
    pub(crate) async fn stream_chat(
        &self,
        _hold: &Hold,
        request: ChatRequest,
    ) -> Result<Answer, ProviderError> {
        let request = prompt::fit(request, PROMPT_BUDGET_CHARS);
        let chain = self.models.chain(&request.model);
        self.router.chat(&chain, &request).await
    }

    /// One vector per input. There is no fallback: vectors of different models do not compare.
    pub(crate) async fn embed(
        &self,
        _hold: &Hold,
        model: &ModelRef,
        inputs: &[String],
    ) -> Result<Embeddings, ProviderError> {
        self.router.embed(model, inputs).await
    }

    /// The circuit breakers' states, in the order of preference.
    pub(crate) fn breakers(&self) -> Vec<(ProviderName, BreakerState)> {
        self.router.breakers()
    }

    /// Whether each provider can be reached and takes its key. It costs nothing, so it needs no
    /// hold; a provider that has not answered by `deadline` counts as unreachable.
    pub(crate) async fn probe(
        &self,
        deadline: Instant,
    ) -> Vec<(ProviderName, Result<(), ProviderError>)> {
        self.router.probe(deadline).await
    }
}
