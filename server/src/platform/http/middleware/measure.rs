//! One log line and one measurement per request, when its last byte is sent or its client leaves.

use std::{
    io,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};
use poem::Response;
use tokio::time::Instant;
use tracing::Span;

use super::super::{
    exchange::UNMATCHED,
    observer::{EdgeObserver, Finished},
};
use crate::platform::{
    auth::principal::Principal,
    telemetry::traces::{self, Ended, SpanKind},
};

/// What nginx logs for a client that left before there was an answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Counts a request as being served for as long as it lives, and reports it when it is dropped.
pub(in super::super) struct Measure {
    observer: Arc<dyn EdgeObserver>,
    method: &'static str,
    span: Span,
    route: Arc<OnceLock<&'static str>>,
    started: Instant,
    status: u16,
}

impl Measure {
    pub(in super::super) fn start(
        observer: Arc<dyn EdgeObserver>,
        method: &'static str,
        span: Span,
        route: Arc<OnceLock<&'static str>>,
    ) -> Self {
        observer.in_flight(method, 1);
        Self {
            observer,
            method,
            span,
            route,
            started: Instant::now(),
            status: CLIENT_CLOSED_REQUEST,
        }
    }

    pub(in super::super) fn caller(&mut self, principal: Option<&Principal>) {
        if let Some(principal) = principal {
            self.span.record("user_id", principal.user_id);
        }
    }

    /// The request is answered; it is over when the answer's body is.
    pub(in super::super) fn answered(mut self, response: Response) -> Response {
        self.status = response.status().as_u16();
        let (parts, body) = response.into_parts();
        let inner = BoxBody::from(body);
        let measured = MeasuredBody {
            inner,
            _measure: self,
        };
        let body = poem::Body::from(BoxBody::new(measured));
        Response::from_parts(parts, body)
    }
}

impl Measure {
    /// Fills the span in, by the conventions of OpenTelemetry: only the server's own failures are
    /// errors, which are sent whatever trace they are of.
    fn describe(&self, route: &'static str, took: Duration) {
        let span = &self.span;
        if !traces::are_exported() {
            return;
        }
        let (name, is_error) = (|| format!("{} {route}", self.method), self.status >= 500);
        if traces::is_taken_of(span) {
            traces::rename(span, name());
            span.record("http.route", route);
            span.record("http.response.status_code", self.status);
            if is_error {
                span.record("error.type", self.status.to_string());
                span.record("otel.status_code", "ERROR");
            }
        } else if is_error {
            traces::failed(span, || Ended {
                name: name(),
                kind: SpanKind::Server,
                took,
                attributes: vec![
                    ("http.request.method", self.method.into()),
                    ("http.route", route.into()),
                    ("http.response.status_code", i64::from(self.status).into()),
                    ("error.type", self.status.to_string().into()),
                ],
            });
        }
    }
}

impl Drop for Measure {
    fn drop(&mut self) {
        let route = self.route.get().copied().unwrap_or(UNMATCHED);
        let duration = self.started.elapsed();
        self.observer.in_flight(self.method, -1);
        self.observer.request_finished(&Finished {
            method: self.method,
            route,
            status: self.status,
            duration,
        });
        self.describe(route, duration);
        self.span.in_scope(|| {
            tracing::info!(
                target: "http",
                method = self.method,
                route,
                status = self.status,
                duration_ms = duration.as_secs_f64() * 1_000.0,
                "request"
            );
        });
    }
}

/// A body that ends the measurement with itself. Its length is the inner one's: framing stays.
struct MeasuredBody {
    inner: BoxBody<Bytes, io::Error>,
    _measure: Measure,
}

impl Body for MeasuredBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
