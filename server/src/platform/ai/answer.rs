//! An answer as it comes: text, what it used, how it ended.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use tokio::time::{Instant, Sleep, sleep_until};

use super::call::CallRecord;
use super::error::{ErrorKind, ProviderError};
use super::model::ModelRef;
use super::providers::{Piece, Pieces};
use super::tokens::Estimate;

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: u64,
    /// Hidden reasoning included, where the provider bills it.
    pub(crate) completion_tokens: u64,
    /// True when the provider did not say and we counted by ratio.
    pub(crate) estimated: bool,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FinishReason {
    /// It was complete.
    Stop,
    /// It reached the output limit.
    Length,
    /// The provider's filter stopped it.
    ContentFilter,
    /// A reason that we do not know.
    Other,
}

impl FinishReason {
    /// The event stream's `finishReason`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content-filter",
            Self::Other => "other",
        }
    }
}

/// One event of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChatEvent {
    /// More text.
    Delta(String),
    /// What the call used: once, before `Finished` or before the error that ends the answer.
    Usage(Usage),
    /// The answer is complete. Nothing follows.
    Finished(FinishReason),
}

/// A provider that ignores the output limit is cut off at this multiple of it. The estimate counts
/// by ratio, so that a provider which keeps to the limit is never near.
const OUTPUT_TOLERANCE: u64 = 2;

/// A running answer. It is read as a stream; dropping it closes the connection to the provider.
pub(crate) struct Answer {
    pieces: Pieces,
    record: CallRecord,
    deadline: Pin<Box<Sleep>>,
    prompt_estimate: u64,
    max_output_tokens: u64,
    output: Estimate,
    reported: Option<(u64, u64)>,
    finish: Option<FinishReason>,
    ready: VecDeque<Result<ChatEvent, ProviderError>>,
    ended: bool,
}

/// What an answer is made of.
pub(super) struct AnswerParts {
    pub(super) pieces: Pieces,
    pub(super) record: CallRecord,
    pub(super) deadline: Instant,
    pub(super) prompt_estimate: u64,
    pub(super) max_output_tokens: u32,
}

impl Answer {
    pub(super) fn new(parts: AnswerParts) -> Self {
        Self {
            pieces: parts.pieces,
            record: parts.record,
            deadline: Box::pin(sleep_until(parts.deadline)),
            prompt_estimate: parts.prompt_estimate,
            max_output_tokens: u64::from(parts.max_output_tokens),
            output: Estimate::default(),
            reported: None,
            finish: None,
            ready: VecDeque::new(),
            ended: false,
        }
    }

    /// Who answers.
    pub(crate) fn model(&self) -> &ModelRef {
        self.record.model()
    }

    /// What was used so far: what to settle when the answer is left before its end, and what to
    /// checkpoint while it runs.
    pub(crate) fn usage(&self) -> Usage {
        let (prompt, completion) = self.reported.unwrap_or_default();
        // A zero where there was something to count says that the provider does not count.
        let prompt_missing = prompt == 0 && self.prompt_estimate > 0;
        let completion_missing = completion == 0 && self.output.tokens() > 0;
        Usage {
            prompt_tokens: if prompt_missing {
                self.prompt_estimate
            } else {
                prompt
            },
            completion_tokens: if completion_missing {
                // The provider was told where to end, and no estimate charges beyond what is held.
                self.output.tokens().min(self.max_output_tokens)
            } else {
                completion
            },
            estimated: self.reported.is_none() || prompt_missing || completion_missing,
        }
    }

    fn accept(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => {
                self.output.add(&text);
                self.record.chunk(&text);
                self.ready.push_back(Ok(ChatEvent::Delta(text)));
                let limit = self.max_output_tokens.saturating_mul(OUTPUT_TOLERANCE);
                if self.output.tokens() > limit {
                    self.reported = None;
                    self.pieces = stream::empty().boxed();
                    self.complete(FinishReason::Length);
                }
            }
            Piece::Usage {
                prompt_tokens,
                completion_tokens,
            } => {
                self.reported = Some((prompt_tokens, completion_tokens));
            }
            Piece::Finish(reason) => self.finish = Some(reason),
            Piece::End => self.complete(self.finish.unwrap_or(FinishReason::Stop)),
        }
    }

    fn complete(&mut self, reason: FinishReason) {
        self.ended = true;
        let usage = self.usage();
        self.record.used(usage);
        self.record.completed();
        self.ready.push_back(Ok(ChatEvent::Usage(usage)));
        self.ready.push_back(Ok(ChatEvent::Finished(reason)));
    }

    fn fail(&mut self, error: ProviderError) {
        self.ended = true;
        let usage = self.usage();
        self.record.used(usage);
        self.record.failed(error.kind);
        self.pieces = stream::empty().boxed();
        self.ready.push_back(Ok(ChatEvent::Usage(usage)));
        self.ready.push_back(Err(error));
    }

    fn overdue(&self) -> ProviderError {
        let provider = self.model().provider;
        ProviderError::new(
            provider,
            ErrorKind::Timeout,
            "the answer took longer than allowed",
        )
    }

    fn broken_off(&self) -> ProviderError {
        let provider = self.model().provider;
        ProviderError::new(
            provider,
            ErrorKind::Truncated,
            "the answer broke off before its end",
        )
    }
}

impl Stream for Answer {
    type Item = Result<ChatEvent, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            if this.ended {
                // What is left is the end of the body: reading it lets the connection be reused.
                return match this.pieces.poll_next_unpin(context) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(_) => Poll::Ready(None),
                };
            }
            if this.deadline.poll_unpin(context).is_ready() {
                this.fail(this.overdue());
                continue;
            }
            match this.pieces.poll_next_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(piece))) => this.accept(piece),
                Poll::Ready(Some(Err(error))) => this.fail(error),
                Poll::Ready(None) => this.fail(this.broken_off()),
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.ended {
            self.record.used(self.usage());
        }
    }
}
