//! The task that writes one answer: from the provider through the citation filter into the stream,
//! and at its end, whatever the end, one transaction with the charge and the stored answer.

use std::time::Duration;

use entities::{MessageId, MessageState};
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Chat,
    ask::answerer,
    frames::{DONE, Finish, Frames, StreamError},
    settlement::Kept,
    sources::Sources,
};
use crate::platform::{
    ai::{Answer, ChatEvent, ChatRequest, FinishReason, ModelRef, ProviderError, Usage},
    budgets::Hold,
    retrieval::CitationFilter,
    streams::{EndReason, Producer},
};

/// How often what has been written so far is kept, in case the process dies.
const CHECKPOINT: Duration = Duration::from_secs(2);

/// One answer to be written.
pub(super) struct AnswerTask {
    pub(super) chat: Chat,
    pub(super) message: MessageId,
    pub(super) stream_id: Uuid,
    pub(super) request: ChatRequest,
    pub(super) sources: Sources,
    pub(super) project_id: Option<i64>,
    pub(super) tags: Option<Value>,
    /// It was asked under an idempotency key.
    pub(super) keyed: bool,
    pub(super) frames: Frames,
}

/// What has been written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) text: String,
    /// `None`: no provider may bill anything.
    pub(super) usage: Option<Usage>,
    pub(super) answered_by: Option<ModelRef>,
}

/// How the writing ended.
enum End {
    Finished(FinishReason),
    Early(EndReason),
    Failed,
}

impl AnswerTask {
    /// Writes the answer to its end. Nothing is lost whichever way it ends.
    pub(super) async fn run(self, producer: Producer, hold: Hold) {
        producer.send(self.frames.start());
        let mut filter = CitationFilter::new(self.sources.texts());
        let mut written = Written::default();
        let end = self
            .write(&producer, &hold, &mut filter, &mut written)
            .await;
        let rest = filter.finish();
        if !rest.is_empty() {
            self.send_text(&producer, &mut written.text, &rest);
        }
        self.count_citations(&filter);
        let cut = matches!(end, End::Finished(FinishReason::Length))
            && hold.terms().output_tokens < self.chat.0.settings.max_output_tokens;
        let verdict = Verdict::of(&end, cut);
        let cited = self.sources.citations(&filter.report().cited);
        let shown = if verdict.error.is_none() {
            cited
        } else {
            Vec::new()
        };
        let stored = serde_json::to_value(&shown).unwrap_or(Value::Null);
        fail::fail_point!("chat-settling");
        let settled = Box::pin(self.settle(hold, &written, &verdict, stored)).await;
        fail::fail_point!("chat-settled");
        self.close(&producer, &written, &verdict, &shown, settled.is_ok());
        producer.finish(if settled.is_ok() {
            verdict.reason
        } else {
            EndReason::Error
        });
    }

    async fn write(
        &self,
        producer: &Producer,
        hold: &Hold,
        filter: &mut CitationFilter,
        written: &mut Written,
    ) -> End {
        let mut early = std::pin::pin!(producer.ended_early());
        if let Some(reason) = early.as_mut().now_or_never() {
            return End::Early(reason);
        }
        // Boxed, as the settlement is: neither lasts as long as the answer, which would keep room
        // for both.
        let asked = Box::pin(self.chat.0.gateway.stream_chat(hold, self.request.clone()));
        let answer = tokio::select! {
            biased;
            reason = &mut early => {
                // The prompt is on its way and may be billed: as with a hold that expires.
                written.usage = Some(Usage {
                    prompt_tokens: hold.terms().prompt_tokens,
                    completion_tokens: 0,
                    estimated: true,
                });
                return End::Early(reason);
            }
            answer = asked => answer,
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.failed(&error),
        };
        written.answered_by = Some(answer.model().clone());
        producer.answered_by(answerer(answer.model()));
        let mut tick = tokio::time::interval(CHECKPOINT);
        tick.reset();
        let mut keeping: Option<BoxFuture<'static, ()>> = None;
        loop {
            tokio::select! {
                biased;
                reason = &mut early => {
                    written.usage = Some(answer.usage());
                    return End::Early(reason);
                }
                event = answer.next() => match event {
                    Some(Ok(ChatEvent::Delta(text))) => {
                        producer.reached(answer.usage().completion_tokens, self.chat.0.clock.now());
                        let shown = filter.push(&text);
                        if !shown.is_empty() {
                            self.send_text(producer, &mut written.text, &shown);
                        }
                    }
                    Some(Ok(ChatEvent::Usage(usage))) => written.usage = Some(usage),
                    Some(Ok(ChatEvent::Finished(reason))) => return End::Finished(reason),
                    Some(Err(error)) => {
                        written.usage = Some(answer.usage());
                        return self.failed(&error);
                    }
                    None => {
                        written.usage = Some(answer.usage());
                        return End::Failed;
                    }
                },
                () = async { if let Some(keep) = &mut keeping { keep.await } }, if keeping.is_some() => {
                    keeping = None;
                }
                _ = tick.tick(), if keeping.is_none() => {
                    keeping = Some(self.keep(hold, &answer, &written.text));
                }
            }
        }
    }

    /// Sends a piece; the first opens the text.
    fn send_text(&self, producer: &Producer, text: &mut String, piece: &str) {
        if text.is_empty() {
            producer.send(self.frames.text_start());
        }
        producer.send(self.frames.text_delta(piece));
        text.push_str(piece);
        fail::fail_point!("chat-delta");
    }

    fn failed(&self, error: &ProviderError) -> End {
        tracing::warn!(event = "answer_failed", stream_id = %self.stream_id, %error);
        End::Failed
    }

    fn count_citations(&self, filter: &CitationFilter) {
        let (report, count) = (filter.report(), &self.chat.0.telemetry.citations);
        count.add(["kept"], report.kept.into());
        count.add(["unknown"], report.dropped_unknown.into());
        count.add(["unsupported"], report.dropped_unsupported.into());
    }

    /// Renews the hold and keeps what is written, beside the stream: no delta waits for it.
    fn keep(&self, hold: &Hold, answer: &Answer, text: &str) -> BoxFuture<'static, ()> {
        let chat = self.chat.clone();
        let key = chat.0.budgets.key(hold.terms().user_id);
        let kept = Kept {
            chat: chat.clone(),
            hold: hold.id(),
            output_tokens: answer.usage().completion_tokens,
            message: self.message,
            text: text.to_owned(),
        };
        Box::pin(async move {
            let hold = kept.hold;
            let outcome = chat
                .0
                .db
                .write(key, kept, |txn, kept| Box::pin(kept.write(txn)))
                .await;
            if let Err(error) = outcome {
                tracing::warn!(event = "answer_checkpoint_failed", hold_id = %hold, %error);
            }
        })
    }

    /// Sends what follows the text.
    fn close(
        &self,
        producer: &Producer,
        written: &Written,
        verdict: &Verdict,
        shown: &[api::chat::Citation],
        settled: bool,
    ) {
        let error = if settled {
            verdict.error
        } else {
            Some(StreamError::Unexpected)
        };
        if let Some(error) = error {
            producer.send(self.frames.error(error));
            producer.send(DONE);
            return;
        }
        if written.text.is_empty() {
            producer.send(self.frames.text_start());
        }
        producer.send(self.frames.text_end());
        for citation in shown {
            producer.send(self.frames.source(citation));
        }
        let model = written.answered_by.as_ref().unwrap_or(&self.request.model);
        let usage = written.usage;
        producer.send(self.frames.finish(&Finish {
            reason: verdict.finish,
            prompt_tokens: usage.map_or(0, |usage| usage.prompt_tokens),
            completion_tokens: usage.map_or(0, |usage| usage.completion_tokens),
            model: &model.name,
            provider: model.provider.as_str(),
        }));
        producer.send(DONE);
    }
}

/// What an end means: for the stored answer, for the registry, for the client.
pub(super) struct Verdict {
    pub(super) state: MessageState,
    reason: EndReason,
    pub(super) error: Option<StreamError>,
    finish: &'static str,
}

impl Verdict {
    /// `cut`: the output ended where the budget did.
    fn of(end: &End, cut: bool) -> Self {
        let (state, reason, error, finish) = match end {
            End::Finished(_) if cut => (
                MessageState::Cut,
                EndReason::Budget,
                Some(StreamError::BudgetExceeded),
                "length",
            ),
            End::Finished(reason) => (
                MessageState::Complete,
                EndReason::Done,
                None,
                reason.as_str(),
            ),
            End::Early(EndReason::Shutdown) => (
                MessageState::Cut,
                EndReason::Shutdown,
                Some(StreamError::ServerShutdown),
                "stop",
            ),
            End::Early(EndReason::Revoked) => (
                MessageState::Cut,
                EndReason::Revoked,
                Some(StreamError::Revoked),
                "stop",
            ),
            // Who stopped it, or left for good, gets what there is.
            End::Early(reason) => (MessageState::Cut, *reason, None, "stop"),
            End::Failed => (
                MessageState::Failed,
                EndReason::Error,
                Some(StreamError::UpstreamUnavailable),
                "error",
            ),
        };
        Self {
            state,
            reason,
            error,
            finish,
        }
    }
}
