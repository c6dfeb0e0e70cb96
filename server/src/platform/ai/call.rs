//! The record of one request to one provider: told to the observer once, whatever the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Usage;
use super::breaker::Permit;
use super::error::ErrorKind;
use super::model::ModelRef;
use super::observer::{AiObserver, FinishedCall, Operation, Outcome};

/// Reports to the observer when it is dropped; a call that nobody ended was cancelled.
pub(super) struct CallRecord {
    observer: Arc<dyn AiObserver>,
    permit: Permit,
    operation: Operation,
    model: ModelRef,
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

    /// A piece of text came.
    pub(super) fn chunk(&mut self) {
        let now = Instant::now();
        self.chunks += 1;
        self.last_chunk = Some(now);
        if self.first_chunk.is_none() {
            self.first_chunk = Some(now);
            self.observer
                .first_chunk(&self.model, now.duration_since(self.started));
        }
    }

    /// The provider has begun to answer: it is well.
    pub(super) fn answering(&mut self) {
        self.permit.succeeded();
    }

    pub(super) fn used(&self, usage: Usage) {
        self.observer.tokens(self.operation, &self.model, usage);
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

impl Drop for CallRecord {
    fn drop(&mut self) {
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
