//! Traces: spans of what the server does, sent to a collector by OTLP when one is configured.
//!
//! A span of ours has the target [`SPAN`] or [`DETAIL`]. The first are made always, since log lines
//! take their ids from them; the second only in traces that are taken. Whether one is taken is decided
//! where it begins: the others have neither spans of OpenTelemetry nor their cost.

mod decision;
mod ended;
mod parent;
mod queue;

pub(crate) use ended::{Ended, failed};
pub(crate) use opentelemetry::trace::SpanKind;
pub(crate) use parent::TraceParent;
pub(super) use queue::counts;

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use opentelemetry::{
    Context, KeyValue,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tokio::sync::mpsc;
use tracing::{Metadata, Span, dispatcher, subscriber::Interest};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer, Registry,
    filter::{DynFilterFn, FilterFn, LevelFilter},
    layer::{self, Filter},
    registry::LookupSpan,
};
use uuid::Uuid;

use crate::platform::{
    config::{TraceShare, TracesConfig},
    outbound::{self, OutboundError},
    tasks::Tasks,
};
use decision::{DecidedIds, is_taking};
use queue::{Exporter, Queue};

/// The target of spans that begin a piece of work: a request, the run of a job.
pub(crate) const SPAN: &str = "span";
/// The target of spans within such a piece.
pub(crate) const DETAIL: &str = "trace";

/// What runs once a collector is configured.
struct Running {
    /// Kept: spans end with it.
    _provider: SdkTracerProvider,
    queue: Queue,
    share: TraceShare,
    captures_content: bool,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

/// How long the last spans may take on their way out.
const LAST: Duration = Duration::from_secs(2);

/// Whether spans are sent to a collector.
pub(crate) fn are_exported() -> bool {
    RUNNING.get().is_some()
}

/// Whether questions and answers belong into spans: never by default.
pub(crate) fn captures_content() -> bool {
    RUNNING
        .get()
        .is_some_and(|running| running.captures_content)
}

/// A layer that turns our spans into OpenTelemetry's, and the task that sends them.
pub(super) fn layer(
    config: &TracesConfig,
) -> Result<Box<dyn Layer<Registry> + Send + Sync>, OutboundError> {
    let (items, received) = mpsc::channel(config.queue);
    let resource = resource(config);
    let mut headers: HeaderMap = config.headers.clone();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    let exporter = Exporter {
        client: outbound::client()?,
        url: config.endpoint.clone(),
        headers,
        timeout: config.timeout,
        batch: config.batch,
        delay: config.delay,
        resource: (&resource).into(),
    };
    let queue = Queue::new(items);
    let provider = SdkTracerProvider::builder()
        // What is not taken does not come here.
        .with_sampler(Sampler::AlwaysOn)
        .with_id_generator(DecidedIds::default())
        .with_resource(resource)
        .with_span_processor(queue.clone())
        .build();
    let tracer = provider.tracer("binnacle");
    let running = Running {
        _provider: provider,
        queue,
        share: config.share,
        captures_content: config.capture_content,
    };
    if RUNNING.set(running).is_ok() {
        // Of its own: it outlives the tasks whose spans it sends.
        Tasks::default().spawn("traces", exporter.run(received));
    }
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false);
    Ok(layer.with_filter(of_what_is_taken(is_taking)).boxed())
}

/// Spans for the log: first ones always, and what is within them where there is a collector and the
/// trace is taken.
pub(super) fn for_lines(exported: bool) -> Box<dyn Filter<Registry> + Send + Sync> {
    if exported {
        Box::new(of_what_is_taken(|| true))
    } else {
        Box::new(FilterFn::new(is_first).with_max_level_hint(LevelFilter::INFO))
    }
}

/// First spans when they are wanted, and what is within those whose trace is taken.
fn of_what_is_taken(wants_first: impl Fn() -> bool) -> impl Filter<Registry> {
    let is_wanted = move |metadata: &Metadata<'_>, context: &layer::Context<'_, Registry>| {
        if is_first(metadata) {
            wants_first()
        } else {
            is_ours(metadata) && is_within_what_is_taken(context)
        }
    };
    DynFilterFn::new(is_wanted)
        .with_callsite_filter(|metadata| {
            if is_ours(metadata) {
                Interest::sometimes()
            } else {
                Interest::never()
            }
        })
        .with_max_level_hint(LevelFilter::INFO)
}

fn is_within_what_is_taken(context: &layer::Context<'_, Registry>) -> bool {
    let Some(span) = context.lookup_current() else {
        return false;
    };
    let mut scope = span.scope();
    let begun = scope.find_map(|span| span.extensions().get::<Begun>().copied());
    begun.is_some_and(|begun| begun.trace.is_sampled())
}

/// Whether this is a span of ours, and no event.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && matches!(metadata.target(), SPAN | DETAIL)
}

/// Whether this is a span that is there without a collector.
fn is_first(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == SPAN
}

fn resource(config: &TracesConfig) -> Resource {
    let mut attributes: BTreeMap<String, String> = config.resource.clone();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    attributes.insert("service.name".to_owned(), config.service.clone());
    attributes
        .entry("service.version".to_owned())
        .or_insert(version);
    let attributes = attributes
        .into_iter()
        .map(|(name, value)| KeyValue::new(name, value));
    Resource::builder_empty()
        .with_attributes(attributes)
        .build()
}

/// What a first span keeps.
#[derive(Clone, Copy, Debug)]
struct Begun {
    trace: TraceParent,
    caller: Option<TraceParent>,
}

/// Makes the first span of a trace in this process by `make`: it goes on with `caller`'s trace, or
/// begins one, named `fresh`. Its field `trace_id` is filled in.
pub(crate) fn begin(
    caller: Option<TraceParent>,
    fresh: impl FnOnce() -> Option<Uuid>,
    make: impl FnOnce() -> Span,
) -> Span {
    // Without a log of ours there is nowhere to keep it.
    let has_log = dispatcher::get_default(|log| log.downcast_ref::<Registry>().is_some());
    let Some(fresh) = has_log.then(fresh).flatten() else {
        return make();
    };
    let running = RUNNING.get();
    let trace = match (caller, running) {
        (None, _) => TraceParent::beginning(fresh),
        (Some(caller), Some(_)) => caller.going_on(fresh),
        // Passed on as it came, to whoever has a collector.
        (Some(caller), None) => caller,
    };
    if running.is_none_or(|running| !running.share.takes(trace, caller)) {
        let span = make();
        keep(&span, Begun { trace, caller });
        return span;
    }
    decision::taking(trace, || {
        let span = make();
        if let Some(caller) = caller {
            let context = Context::new().with_remote_span_context(caller.context());
            // Refused only where the span is none of ours: it is not exported then.
            let _ = span.set_parent(context);
        }
        if let Some(trace) = exported(&span) {
            keep(&span, Begun { trace, caller });
        }
        span
    })
}

fn keep(span: &Span, begun: Begun) {
    let trace_id = begun.trace.trace_id();
    span.record("trace_id", tracing::field::display(trace_id));
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>();
        if let Some(span) = registry.and_then(|registry| registry.span(id)) {
            span.extensions_mut().replace(begun);
        }
    });
}

/// The trace that the caller works in, if it works in any.
pub(crate) fn current() -> Option<TraceParent> {
    let span = Span::current();
    let first = begun(&span)?.trace;
    // Of a trace that is taken, the span within it that works now.
    let now = first.is_sampled().then(|| exported(&span)).flatten();
    Some(now.unwrap_or(first))
}

/// What [`begin`] has kept in the first span around this one.
fn begun(span: &Span) -> Option<Begun> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let mut scope = registry.span(id)?.scope();
        scope.find_map(|span| span.extensions().get::<Begun>().copied())
    })
    .flatten()
}

/// Whether the caller works in a trace that is sent to the collector.
pub(crate) fn is_taken() -> bool {
    are_exported() && is_taken_of(&Span::current())
}

/// Whether a span is of a trace that is sent to the collector.
pub(crate) fn is_taken_of(span: &Span) -> bool {
    begun(span).is_some_and(|begun| begun.trace.is_sampled())
}

/// The header for a call to another service; none unless a collector would see the trace.
pub(crate) fn outgoing() -> Option<(&'static str, String)> {
    if !are_exported() {
        return None;
    }
    current().map(|trace| ("traceparent", trace.to_string()))
}

/// Names a span that has begun, when its name is known only at its end.
pub(crate) fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

fn exported(span: &Span) -> Option<TraceParent> {
    TraceParent::of(span.context().span().span_context())
}

/// Sends what waits. Call it when the last span has ended.
pub(crate) async fn flush() {
    let Some(running) = RUNNING.get() else {
        return;
    };
    if tokio::time::timeout(LAST, running.queue.flush())
        .await
        .is_err()
    {
        tracing::debug!("the last spans did not reach the collector in time");
    }
}
