//! The first span of what ended in an error though its trace is not taken: made when it is over, of
//! what is known then.

use std::time::Duration;

use opentelemetry::{
    InstrumentationScope, KeyValue, Value,
    trace::{SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tracing::Span;

use super::{Begun, RUNNING, begun};

/// A piece of work that ended in an error.
pub(crate) struct Ended {
    /// As its span would be called.
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) took: Duration,
    pub(crate) attributes: Vec<(&'static str, Value)>,
}

/// Sends the first span of work that ended in an error, unless it is sent anyhow.
pub(crate) fn failed(span: &Span, work: impl FnOnce() -> Ended) {
    let (Some(running), Some(begun)) = (RUNNING.get(), begun(span)) else {
        return;
    };
    if !begun.trace.is_sampled() {
        running.queue.take(data(begun, work()));
    }
}

fn data(Begun { trace, caller }: Begun, work: Ended) -> SpanData {
    let attributes = work.attributes.into_iter();
    let end_time = opentelemetry::time::now();
    SpanData {
        span_context: trace.taken(),
        parent_span_id: caller.map_or(SpanId::INVALID, super::TraceParent::span),
        parent_span_is_remote: caller.is_some(),
        span_kind: work.kind,
        name: work.name.into(),
        start_time: end_time.checked_sub(work.took).unwrap_or(end_time),
        end_time,
        attributes: attributes
            .map(|(name, value)| KeyValue::new(name, value))
            .collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::error(""),
        instrumentation_scope: InstrumentationScope::builder("binnacle").build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::telemetry::traces::TraceParent;

    #[test]
    fn it_is_the_callers_child_and_lasts_as_long_as_the_work() {
        let caller: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
            .parse()
            .unwrap();
        let trace = caller.going_on(uuid::Uuid::from_u128(9));
        let begun = Begun {
            trace,
            caller: Some(caller),
        };
        let took = Duration::from_millis(30);
        let span = data(
            begun,
            Ended {
                name: "GET /health".to_owned(),
                kind: SpanKind::Server,
                took,
                attributes: vec![("http.response.status_code", Value::I64(503))],
            },
        );
        assert!(span.span_context.is_sampled());
        assert_eq!(span.span_context.trace_id(), caller.trace());
        assert_ne!(span.span_context.span_id(), caller.span());
        assert_eq!(span.parent_span_id, caller.span());
        assert_eq!(span.end_time.duration_since(span.start_time).unwrap(), took);
        assert_eq!(span.status, Status::error(""));
    }
}
