//! The way of every request: id, measure, headers, CORS, address, identity, global limit, route.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::combinators::BoxBody;
use poem::{Body, Endpoint, Request, Response, Route, error::NotFoundError, http::Method};
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use super::{
    accept::Late,
    exchange::Exchange,
    family::{Families, Family},
    guard::{Identify, Identity, MetricsAccess},
    method,
    middleware::{
        client_address::{self, ClientAddress, TrustedProxies},
        cors::{Cors, CorsSettings},
        measure::Measure,
        rate_limit, request_id,
        security_headers::SecurityHeaders,
    },
    observer::EdgeObserver,
    problem::Problem,
};
use crate::platform::{
    limits::{LimitClass, Limits},
    tasks::Tasks,
    telemetry::traces,
};

/// What an operator sets about the edge.
#[derive(Debug, Clone)]
pub(crate) struct EdgeSettings {
    /// Proxies whose forwarding headers are believed.
    pub(crate) trusted_proxies: Vec<ipnet::IpNet>,
    pub(crate) cors: CorsSettings,
    /// The largest JSON body, in bytes.
    pub(crate) json_cap: u64,
    /// How long a body may pause.
    pub(crate) body_idle: Duration,
    pub(crate) metrics_access: MetricsAccess,
    /// Origins that our pages may call beside their own.
    pub(crate) connect_origins: Vec<String>,
}

impl Default for EdgeSettings {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            cors: CorsSettings::default(),
            json_cap: 10 * 1024 * 1024,
            body_idle: Duration::from_secs(30),
            metrics_access: MetricsAccess::default(),
            connect_origins: Vec::new(),
        }
    }
}

/// Everything that the edge works with.
pub(crate) struct Edge {
    pub(crate) settings: EdgeSettings,
    pub(crate) identify: Arc<dyn Identify>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) observer: Arc<dyn EdgeObserver>,
    /// Makes the id of a request that brings none.
    pub(crate) new_request_id: Arc<dyn Fn() -> String + Send + Sync>,
    /// Tracks what outlives a request: the rest of refused bodies.
    pub(crate) tasks: Tasks,
}

/// The server's one endpoint.
pub(crate) struct EdgeEndpoint {
    route: Route,
    families: Families,
    proxies: TrustedProxies,
    cors: Cors,
    security: SecurityHeaders,
    edge: Arc<Edge>,
}

impl EdgeEndpoint {
    pub(super) fn new(route: Route, families: Families, edge: Edge) -> Self {
        Self {
            route,
            families,
            proxies: TrustedProxies::new(edge.settings.trusted_proxies.clone()),
            cors: Cors::new(&edge.settings.cors),
            security: SecurityHeaders::new(&edge.settings.connect_origins),
            edge: Arc::new(edge),
        }
    }

    async fn respond(&self, mut request: Request) -> Response {
        let edge = &self.edge;
        let request_id = request_id::of(request.headers(), &*edge.new_request_id);
        // Handlers find the id where a client would have put it.
        request_id::write(request.headers_mut(), &request_id);
        let client = self.proxies.client_of(&request);
        let route: Arc<OnceLock<&'static str>> = Arc::default();
        let span = self.span(&request, &request_id, &client);
        let mut measure = Measure::start(
            edge.observer.clone(),
            method::label(request.method()),
            span.clone(),
            route.clone(),
        );
        let family = self.families.of(request.uri().path());
        let cors = self.cors.judge(&request);
        let is_head = *request.method() == Method::HEAD;
        let https = client.https;

        let (mut response, exchange) = if let Some(preflight) = cors.preflight() {
            (preflight, None)
        } else {
            let token = client_address::bearer_token(request.headers());
            let identity = match token {
                Ok(token) => {
                    let begin = || tracing::info_span!(target: traces::DETAIL, "auth");
                    let auth = span.in_scope(begin);
                    let identified = edge.identify.identify(token).instrument(auth);
                    identified.instrument(span.clone()).await
                }
                Err(problem) => Identity::Refused(problem),
            };
            let exchange = Arc::new(Exchange::new(edge.clone(), client, identity, route));
            measure.caller(exchange.principal());
            let answer = self
                .answer(request, &exchange, family)
                .instrument(span)
                .await;
            let response =
                answer.unwrap_or_else(|problem| family.dialect.render(&problem, &request_id));
            (response, Some(exchange))
        };

        if is_head {
            response = without_body(response);
        }
        if let Some(exchange) = exchange {
            let (headers, decisions) = exchange.take_added();
            rate_limit::write(response.headers_mut(), &decisions);
            response.headers_mut().extend(headers);
        }
        cors.write(response.headers_mut());
        self.security.write(response.headers_mut(), https);
        request_id::write(response.headers_mut(), &request_id);
        measure.answered(response)
    }

    /// The request as a part of its caller's trace, when a trusted proxy tells it, or of a new one.
    fn span(&self, request: &Request, request_id: &str, client: &ClientAddress) -> Span {
        let caller = request.header("traceparent").filter(|_| client.vouched);
        let caller = caller.and_then(|header| header.parse().ok());
        let fresh = || Uuid::parse_str(&(self.edge.new_request_id)()).ok();
        traces::begin(caller, fresh, || {
            tracing::info_span!(
                target: traces::SPAN,
                "request",
                "otel.kind" = "server",
                "otel.status_code" = Empty,
                "http.request.method" = method::label(request.method()),
                "http.route" = Empty,
                "http.response.status_code" = Empty,
                "url.scheme" = if client.https { "https" } else { "http" },
                "error.type" = Empty,
                request_id,
                trace_id = Empty,
                user_id = Empty,
            )
        })
    }

    async fn answer(
        &self,
        mut request: Request,
        exchange: &Arc<Exchange>,
        family: Family,
    ) -> Result<Response, Problem> {
        if request.data::<Late>().is_some() && !request.method().is_safe() {
            // Nothing begins any more that would have to be cut.
            return Err(Problem::stopping());
        }
        if family.limits(request.uri().path()) {
            let key = exchange.limit_key();
            exchange.take(LimitClass::Global, key).await?;
        }
        request.set_data(exchange.clone());
        let routed = AssertUnwindSafe(self.route.call(request))
            .catch_unwind()
            .await;
        let Ok(result) = routed else {
            self.edge.observer.panic();
            return Err(Problem::internal("a handler panicked"));
        };
        result.map_err(|error| match error.downcast::<Problem>() {
            Ok(problem) => problem,
            Err(error) if error.is::<NotFoundError>() => Problem::not_found("Not Found"),
            Err(error) => Problem::internal(error.to_string()),
        })
    }
}

impl Endpoint for EdgeEndpoint {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.respond(request).await)
    }
}

/// The answer to HEAD: everything but the body, whose length is told when it is known.
fn without_body(response: Response) -> Response {
    use poem::http::header::CONTENT_LENGTH;

    let (mut parts, body) = response.into_parts();
    let body = BoxBody::<Bytes, std::io::Error>::from(body);
    if let Some(length) = hyper::body::Body::size_hint(&body).exact() {
        parts
            .headers
            .entry(CONTENT_LENGTH)
            .or_insert_with(|| length.into());
    }
    Response::from_parts(parts, Body::empty())
}
