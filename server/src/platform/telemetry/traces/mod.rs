//! Traces: spans of what the server does, sent to a collector by OTLP when one is configured.
//!
//! A span of ours has the target [`SPAN`] or [`DETAIL`]. The first are made always, since log lines
//! take their ids from them; the second only for a collector, and cost nothing without one.

mod parent;
mod queue;
mod sampler;

pub(crate) use parent::TraceParent;
pub(super) use queue::counts;

use std::{collections::BTreeMap, sync::OnceLock, time::Duration};

use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use opentelemetry::{
    Context, KeyValue,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::sync::{mpsc, oneshot};
use tracing::{Metadata, Span, subscriber::Interest};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    Layer, Registry,
    filter::{DynFilterFn, LevelFilter},
    layer::{self, Filter},
    registry::LookupSpan,
};
use uuid::Uuid;

use crate::platform::{
    config::TracesConfig,
    outbound::{self, OutboundError},
    tasks::Tasks,
};
use queue::{Exporter, Item, Queue};

/// The target of spans that begin a piece of work: a request, the run of a job.
pub(crate) const SPAN: &str = "span";
/// The target of spans within such a piece.
pub(crate) const DETAIL: &str = "trace";

/// What runs once a collector is configured.
struct Running {
    /// Kept: spans end with it.
    _provider: SdkTracerProvider,
    items: mpsc::Sender<Item>,
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
    let provider = SdkTracerProvider::builder()
        .with_sampler(config.share)
        .with_resource(resource)
        .with_span_processor(Queue::new(items.clone()))
        .build();
    let tracer = provider.tracer("binnacle");
    let running = Running {
        _provider: provider,
        items,
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
    Ok(layer.with_filter(of_what_is_taken(true)).boxed())
}

/// First spans always: one that ends in an error is sent though its trace is not. What is within them
/// only where the trace is taken and there is a collector, so that the others cost next to nothing.
pub(super) fn of_what_is_taken(exported: bool) -> impl Filter<Registry> {
    let is_wanted = |metadata: &Metadata<'_>, context: &layer::Context<'_, Registry>| {
        is_first(metadata) || (is_ours(metadata) && is_within_what_is_taken(context))
    };
    DynFilterFn::new(is_wanted)
        .with_callsite_filter(move |metadata| {
            if is_first(metadata) {
                Interest::always()
            } else if exported && is_ours(metadata) {
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
    let trace = scope.find_map(|span| span.extensions().get::<TraceParent>().copied());
    trace.is_some_and(TraceParent::is_sampled)
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

/// Makes `span` the first of its trace in this process: it goes on with `caller`'s trace, or begins
/// one, named `fresh` when no collector decides. Its field `trace_id` is filled in.
pub(crate) fn begin(
    span: &Span,
    caller: Option<TraceParent>,
    fresh: impl FnOnce() -> Option<Uuid>,
) -> Option<TraceParent> {
    // Without a log of ours there is nowhere to keep it.
    let kept = span.with_subscriber(|(_, dispatch)| dispatch.downcast_ref::<Registry>().is_some());
    if kept != Some(true) {
        return None;
    }
    let trace = if are_exported() {
        if let Some(caller) = caller {
            let context = Context::new().with_remote_span_context(caller.context());
            // Refused only where the span is none of ours: it is not exported then.
            let _ = span.set_parent(context);
        }
        exported(span)
    } else {
        caller.or_else(|| fresh().map(TraceParent::beginning))
    }?;
    span.record("trace_id", tracing::field::display(trace.trace_id()));
    span.with_subscriber(|(id, dispatch)| {
        if let Some(span) = dispatch
            .downcast_ref::<Registry>()
            .and_then(|registry| registry.span(id))
        {
            span.extensions_mut().replace(trace);
        }
    });
    Some(trace)
}

/// The trace that the caller works in, if it works in any.
pub(crate) fn current() -> Option<TraceParent> {
    let span = Span::current();
    if are_exported() {
        return exported(&span);
    }
    begun(&span)
}

/// What [`begin`] has kept in the first span around this one.
fn begun(span: &Span) -> Option<TraceParent> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let mut scope = registry.span(id)?.scope();
        scope.find_map(|span| span.extensions().get::<TraceParent>().copied())
    })
    .flatten()
}

/// Whether the caller works in a trace that is sent to the collector.
pub(crate) fn is_taken() -> bool {
    are_exported() && begun(&Span::current()).is_some_and(TraceParent::is_sampled)
}

/// The header for a call to another service; none unless a collector would see the trace.
pub(crate) fn outgoing() -> Option<(&'static str, String)> {
    if !are_exported() {
        return None;
    }
    exported(&Span::current()).map(|trace| ("traceparent", trace.to_string()))
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
    let (done, sent) = oneshot::channel();
    let flushed = async {
        if running.items.send(Item::Flush(done)).await.is_ok() {
            // An error says that the task is gone: there is nobody to wait for.
            let _ = sent.await;
        }
    };
    if tokio::time::timeout(LAST, flushed).await.is_err() {
        tracing::debug!("the last spans did not reach the collector in time");
    }
}
