//! The record of one request to one provider: told to the observer once, whatever the end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::{Span, field::Empty};

use super::answer::Usage;
use super::breaker::Permit;
use super::error::ErrorKind;
use super::model::ModelRef;
use super::observer::{AiObserver, FinishedCall, Operation, Outcome};
use crate::platform::telemetry::traces;

/// Reports to the observer when it is dropped; a call that nobody ended was cancelled.
pub(super) struct CallRecord {
    observer: Arc<dyn AiObserver>,
    permit: Permit,
    operation: Operation,
    model: ModelRef,
    span: Span,
    /// The answer, for a trace that is to hold it.
    said: Option<String>,
    started: Instant,
    chunks: u64,
    first_chunk: Option<Instant>,
    last_chunk: Option<Instant>,
    outcome: Outcome,
}

impl CallRecord {
    pub(super) fn start(
        observer: Arc<dyn AiObserver>,
        permit: Permit,
        operation: Operation,
        model: ModelRef,
    ) -> Self {
        Self {
            observer,
            permit,
            operation,
            span: span(operation, &model),
            said: traces::captures_content().then(String::new),
            model,
            started: Instant::now(),
            chunks: 0,
            first_chunk: None,
            last_chunk: None,
            outcome: Outcome::Cancelled,
        }
    }

    pub(super) fn model(&self) -> &ModelRef {
        &self.model
    }

    /// In which the call is made.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// What is asked, for a trace that is to hold it.
    pub(super) fn asked(&self, question: &str) {
        if self.said.is_some() {
            let messages = message("user", question);
            self.span.record("gen_ai.input.messages", messages);
        }
    }

    /// A piece of text came.
    pub(super) fn chunk(&mut self, text: &str) {
        if let Some(said) = &mut self.said {
            said.push_str(text);
        }
        let now = Instant::now();
        self.chunks += 1;
        self.last_chunk = Some(now);
        if self.first_chunk.is_none() {
            self.first_chunk = Some(now);
            let after = now.duration_since(self.started);
            self.observer.first_chunk(&self.model, after);
            let field = "gen_ai.response.time_to_first_chunk";
            self.span.record(field, after.as_secs_f64());
        }
    }

    /// The provider has begun to answer: it is well.
    pub(super) fn answering(&mut self) {
        self.permit.succeeded();
    }

    pub(super) fn used(&self, usage: Usage) {
        self.observer.tokens(self.operation, &self.model, usage);
        let span = &self.span;
        span.record("gen_ai.usage.input_tokens", usage.prompt_tokens);
        span.record("gen_ai.usage.output_tokens", usage.completion_tokens);
    }

    pub(super) fn completed(&mut self) {
        self.outcome = Outcome::Completed;
    }

    pub(super) fn failed(&mut self, kind: ErrorKind) {
        self.outcome = Outcome::Failed(kind);
        self.permit.erred(kind);
        if kind.is_failure_of_provider() {
            self.permit.failed();
        } else {
            self.permit.succeeded();
        }
    }

    fn streaming(&self) -> Duration {
        match (self.first_chunk, self.last_chunk) {
            (Some(first), Some(last)) => last.duration_since(first),
            _ => Duration::ZERO,
        }
    }
}

/// By the conventions of OpenTelemetry for generative AI.
fn span(operation: Operation, model: &ModelRef) -> Span {
    let span = tracing::info_span!(
        target: traces::DETAIL,
        "provider",
        "otel.name" = Empty,
        "otel.kind" = "client",
        "otel.status_code" = Empty,
        "gen_ai.operation.name" = operation.as_str(),
        "gen_ai.provider.name" = model.provider.as_str(),
        "gen_ai.request.model" = model.name,
        "gen_ai.usage.input_tokens" = Empty,
        "gen_ai.usage.output_tokens" = Empty,
        "gen_ai.response.time_to_first_chunk" = Empty,
        "gen_ai.input.messages" = Empty,
        "gen_ai.output.messages" = Empty,
        "error.type" = Empty,
    );
    if !span.is_disabled() {
        let name = format!("{} {}", operation.as_str(), model.name);
        span.record("otel.name", name);
    }
    span
}

fn message(role: &str, text: &str) -> String {
    let part = json!({"type": "text", "content": text});
    json!([{"role": role, "parts": [part]}]).to_string()
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        if let Outcome::Failed(kind) = self.outcome {
            self.span.record("error.type", kind.as_str());
            self.span.record("otel.status_code", "ERROR");
        }
        if let Some(said) = self.said.take().filter(|said| !said.is_empty()) {
            let messages = message("assistant", &said);
            self.span.record("gen_ai.output.messages", messages);
        }
        self.observer.call_finished(&FinishedCall {
            operation: self.operation,
            model: &self.model,
            outcome: self.outcome,
            duration: self.started.elapsed(),
            chunks: self.chunks,
            streaming: self.streaming(),
        });
    }
}
