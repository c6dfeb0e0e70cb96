//! What the providers report about themselves. Telemetry implements it.

use std::time::Duration;

use super::answer::Usage;
use super::breaker::BreakerState;
use super::error::ErrorKind;
use super::model::{ModelRef, ProviderName};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Chat,
    Embeddings,
}

impl Operation {
    /// OpenTelemetry's `gen_ai.operation.name`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Completed,
    Failed(ErrorKind),
    /// The caller went away before the end.
    Cancelled,
}

/// One request to one provider: a retry is a call of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FinishedCall<'a> {
    pub(crate) operation: Operation,
    pub(crate) model: &'a ModelRef,
    pub(crate) outcome: Outcome,
    /// From the request to the end of the answer.
    pub(crate) duration: Duration,
    /// Pieces of text that came.
    pub(crate) chunks: u64,
    /// From the first piece to the last.
    pub(crate) streaming: Duration,
}

/// Told of every call. Implementations must not block.
pub(crate) trait AiObserver: Send + Sync {
    /// The providers, in their order, and the models that answers may come from.
    fn expect(&self, order: &[ProviderName], models: &[&ModelRef]);
    /// A request to a provider came to its end, whatever the end was.
    fn call_finished(&self, call: &FinishedCall<'_>);
    /// The first text came, so long after the request.
    fn first_chunk(&self, model: &ModelRef, after: Duration);
    /// What a call used, once per call that used something.
    fn tokens(&self, operation: Operation, model: &ModelRef, usage: Usage);
    /// A provider's circuit breaker changed its state.
    fn breaker(&self, provider: ProviderName, state: BreakerState);
    /// A key was set aside in favour of the next one; the label is its variable's name.
    fn key_rotated(&self, provider: ProviderName, label: &str);
    /// A later provider of the chain answered in place of the first.
    fn fell_back(&self, from: ProviderName, to: ProviderName);
}
