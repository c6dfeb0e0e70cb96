//! Spans on their way to the collector: a bounded queue that is never waited for, and one task that
//! sends what is in it.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use prost::Message as _;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use crate::platform::outbound::Client;

static EXPORTED: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static FAILED: AtomicU64 = AtomicU64::new(0);

/// Spans since the process began, by what became of them, as the label says it.
pub(in super::super) fn counts() -> [(&'static str, u64); 3] {
    [
        ("exported", EXPORTED.load(Ordering::Relaxed)),
        ("dropped", DROPPED.load(Ordering::Relaxed)),
        ("failed", FAILED.load(Ordering::Relaxed)),
    ]
}

fn count(counter: &AtomicU64, spans: usize) {
    let spans = u64::try_from(spans).unwrap_or(u64::MAX);
    counter.fetch_add(spans, Ordering::Relaxed);
}

/// What goes through the queue.
#[derive(Debug)]
pub(super) enum Item {
    Span(Box<SpanData>),
    /// Send what came before, then say so.
    Flush(oneshot::Sender<()>),
}

/// Takes spans as they end. What does not fit is dropped and counted.
#[derive(Clone, Debug)]
pub(super) struct Queue(mpsc::Sender<Item>);

impl Queue {
    pub(super) fn new(items: mpsc::Sender<Item>) -> Self {
        Self(items)
    }

    pub(super) fn take(&self, span: SpanData) {
        if self.0.try_send(Item::Span(Box::new(span))).is_err() {
            count(&DROPPED, 1);
        }
    }

    /// Returns when everything that was taken before is sent.
    pub(super) async fn flush(&self) {
        let (done, sent) = oneshot::channel();
        if self.0.send(Item::Flush(done)).await.is_ok() {
            // An error says that the task is gone: there is nobody to wait for.
            let _ = sent.await;
        }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.take(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// How spans are sent.
pub(super) struct Exporter {
    pub(super) client: Client,
    pub(super) url: url::Url,
    pub(super) headers: http::HeaderMap,
    pub(super) timeout: Duration,
    /// Spans of one request at the most, and how long they may wait for others.
    pub(super) batch: usize,
    pub(super) delay: Duration,
    pub(super) resource: ResourceAttributesWithSchema,
}

impl Exporter {
    /// Sends until nobody puts anything into the queue any more.
    pub(super) async fn run(self, mut items: mpsc::Receiver<Item>) {
        let mut reachable = true;
        let mut spans = Vec::with_capacity(self.batch);
        while let Some(first) = items.recv().await {
            let due = Instant::now() + self.delay;
            let mut asked = None;
            let mut item = Some(first);
            while let Some(next) = item {
                match next {
                    Item::Span(span) => spans.push(*span),
                    Item::Flush(done) => {
                        asked = Some(done);
                        break;
                    }
                }
                if spans.len() >= self.batch {
                    break;
                }
                item = timeout_at(due, items.recv()).await.ok().flatten();
            }
            if !spans.is_empty() {
                self.send(std::mem::take(&mut spans), &mut reachable).await;
            }
            if let Some(done) = asked {
                // Whoever asked may have gone.
                let _ = done.send(());
            }
        }
    }

    async fn send(&self, spans: Vec<SpanData>, reachable: &mut bool) {
        let number = spans.len();
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let request = self.client.post(self.url.clone());
        let request = request.headers(self.headers.clone()).timeout(self.timeout);
        let outcome = request.body(body).send().await;
        let problem = match outcome {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(_) => Some("no answer".to_owned()),
        };
        let Some(problem) = problem else {
            count(&EXPORTED, number);
            *reachable = true;
            return;
        };
        count(&FAILED, number);
        // Said once for each time that the collector goes: the counter tells the rest.
        if std::mem::replace(reachable, false) {
            tracing::warn!(event = "traces_not_exported", problem, "spans are lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, time::SystemTime};

    use opentelemetry::{
        InstrumentationScope,
        trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
    };
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn span() -> SpanData {
        let (trace, id) = (TraceId::from(1_u128), SpanId::from(2_u64));
        let state = TraceState::default();
        SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, state),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: Cow::Borrowed("a span"),
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let (items, _full) = mpsc::channel(1);
        let queue = Queue::new(items);
        let before = DROPPED.load(Ordering::Relaxed);
        for _ in 0..3 {
            queue.on_end(span());
        }
        assert_eq!(DROPPED.load(Ordering::Relaxed) - before, 2);
    }
}
