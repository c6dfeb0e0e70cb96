//! The one door through which routes are mounted.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use poem::{
    Endpoint, Request, Response, Route,
    http::{Method, StatusCode},
};

use super::{
    body::{Cap, Incoming},
    call::Call,
    docs_page, document,
    edge::{Edge, EdgeEndpoint},
    exchange::Exchange,
    family::{Families, Family},
    guard::{Caller, Guard},
    input::Input,
    method,
    middleware::{client_address, csrf},
    openapi::{self, ApiInfo, Description, InputDescription, OperationDescription},
    operation::{Operation, OperationRecord},
    problem::Problem,
    reply::Reply,
};
use crate::platform::limits::LimitClass;

type Run =
    dyn Fn(Request, Arc<Exchange>) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync;

/// Routes that contradict each other. Found when the server starts, never by a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MountError {
    #[error("{method} {path} is mounted twice")]
    Twice { method: Method, path: &'static str },
    #[error("{path} and {other} name the same paths")]
    Ambiguous {
        path: &'static str,
        other: &'static str,
    },
    #[error("{path} cannot be routed: {source}")]
    Path {
        path: &'static str,
        source: poem::error::RouteError,
    },
    #[error("the description of the API cannot be written: {0}")]
    Description(serde_json::Error),
}

/// All mounted operations.
pub(crate) struct Registry {
    info: ApiInfo,
    families: Families,
    description: Description,
    operations: Vec<OperationDescription>,
    runs: Vec<Arc<Run>>,
}

impl Registry {
    pub(crate) fn new(info: ApiInfo, families: Vec<Family>) -> Self {
        Self {
            info,
            families: Families::new(families),
            description: Description::default(),
            operations: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Mounts an operation. The handler's signature says who may call it (the guard of its
    /// [`Call`]), what it reads and what it answers; the API's description takes them from there.
    pub(crate) fn mount<G, I, O, F, Fut>(&mut self, operation: Operation, handler: F)
    where
        G: Guard,
        I: Input,
        O: Reply,
        F: Fn(Call<G>, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Problem>> + Send + 'static,
    {
        let input = I::describe(&mut self.description);
        let replies = O::describe(&mut self.description);
        let family = self.families.of(operation.path);
        let csrf = family.csrf && method::mutates(&operation.method);
        let record = OperationRecord {
            method: operation.method.clone(),
            path: operation.path,
            guard: G::KIND,
            limit: operation.limit,
            cap: operation.cap,
            dialect: family.dialect,
            csrf,
            refuses: refusals::<G>(&operation, &family, csrf, &input),
        };
        let checks = Arc::new(Checks {
            csrf,
            cap: operation.cap,
            limit: operation.limit,
        });
        self.runs.push(Arc::new(move |request, exchange| {
            Box::pin(run::<G, I, O, F, Fut>(
                checks.clone(),
                handler.clone(),
                request,
                exchange,
            ))
        }));
        self.operations.push(OperationDescription {
            operation,
            record,
            input,
            replies,
        });
    }

    /// As [`Registry::mount`], for handlers that are functions of a service.
    pub(crate) fn mount_with<S, G, I, O, F, Fut>(
        &mut self,
        operation: Operation,
        service: S,
        handler: F,
    ) where
        S: Clone + Send + Sync + 'static,
        G: Guard,
        I: Input,
        O: Reply,
        F: Fn(S, Call<G>, I) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<O, Problem>> + Send + 'static,
    {
        self.mount(operation, move |call: Call<G>, input: I| {
            handler(service.clone(), call, input)
        });
    }

    /// Every mounted operation.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests walk the operations"))]
    pub(crate) fn operations(&self) -> Vec<OperationRecord> {
        self.operations
            .iter()
            .map(|described| described.record.clone())
            .collect()
    }

    /// The OpenAPI document of all mounted operations, as JSON.
    pub(crate) fn openapi(&self) -> Result<Vec<u8>, serde_json::Error> {
        document::to_json(&self.info, &self.description, &self.operations)
    }

    /// Mounts the API's description (`/openapi.json`, `/docs`) and closes the registry.
    pub(crate) fn into_endpoint(mut self, edge: Edge) -> Result<EdgeEndpoint, MountError> {
        docs_page::mount(&mut self)?;
        self.into_undescribed_endpoint(edge)
    }

    /// Closes the registry as it is: for machines, which read no description.
    pub(crate) fn into_undescribed_endpoint(self, edge: Edge) -> Result<EdgeEndpoint, MountError> {
        let mut paths: BTreeMap<&'static str, Vec<(Method, Arc<Run>)>> = BTreeMap::new();
        for (described, run) in self.operations.into_iter().zip(self.runs) {
            let Operation { method, path, .. } = described.operation;
            let methods = paths.entry(path).or_default();
            if methods.iter().any(|(known, _)| *known == method) {
                return Err(MountError::Twice { method, path });
            }
            methods.push((method, run));
        }
        let mut shapes = BTreeMap::new();
        for &path in paths.keys() {
            if let Some(other) = shapes.insert(shape(path), path) {
                return Err(MountError::Ambiguous { path, other });
            }
        }
        let mut route = Route::new();
        for (path, methods) in paths {
            let mounted = Path {
                template: path,
                methods,
            };
            route = route
                .try_at(poem_path(path), mounted)
                .map_err(|source| MountError::Path { path, source })?;
        }
        Ok(EdgeEndpoint::new(route, self.families, edge))
    }
}

fn refusals<G: Guard>(
    operation: &Operation,
    family: &Family,
    csrf: bool,
    input: &InputDescription,
) -> Vec<u16> {
    let mut statuses = vec![500];
    statuses.extend(G::KIND.refuses());
    statuses.extend(input.refuses());
    statuses.extend(operation.refuses);
    if csrf {
        statuses.push(403);
    }
    let own_limit = !matches!(operation.limit, LimitClass::Global | LimitClass::Exempt);
    if own_limit || family.limits(operation.path) {
        statuses.push(429);
    }
    if openapi::path_parameters(operation.path).next().is_some() {
        statuses.push(422);
    }
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// `/api/stores/{id}` as poem writes it, `/api/stores/:id`.
fn poem_path(path: &str) -> String {
    path.split('/')
        .map(|segment| {
            match segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
            {
                Some(name) if name.starts_with('*') => name.to_owned(),
                Some(name) => format!(":{name}"),
                None => segment.to_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// A path without the names of its parameters.
fn shape(path: &'static str) -> Vec<&'static str> {
    path.split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "{}"
            } else {
                segment
            }
        })
        .collect()
}

struct Checks {
    csrf: bool,
    cap: Cap,
    limit: LimitClass,
}

/// One call. What becomes of files is told.
async fn run<G, I, O, F, Fut>(
    checks: Arc<Checks>,
    handler: F,
    mut request: Request,
    exchange: Arc<Exchange>,
) -> Result<Response, Problem>
where
    G: Guard,
    I: Input,
    O: Reply,
    F: Fn(Call<G>, I) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
{
    let edge = &exchange.edge;
    let settings = &edge.settings;
    let body = Incoming::take(
        &mut request,
        checks.cap,
        settings.json_cap,
        settings.body_idle,
        &edge.tasks,
    );
    let verdict = body.verdict();
    let answer = call(&checks, handler, (request, body), Arc::clone(&exchange)).await;
    if matches!(checks.cap, Cap::Upload(_)) {
        let refused = answer.as_ref().err().map(|problem| problem.status.as_u16());
        let observer = &exchange.edge.observer;
        observer.file_came(exchange.route(), verdict.bytes(), refused);
    }
    answer
}

/// The declared size, then the CSRF header, then who calls, then the rest of the body.
async fn call<G, I, O, F, Fut>(
    checks: &Checks,
    handler: F,
    (request, body): (Request, Incoming),
    exchange: Arc<Exchange>,
) -> Result<Response, Problem>
where
    G: Guard,
    I: Input,
    O: Reply,
    F: Fn(Call<G>, I) -> Fut,
    Fut: Future<Output = Result<O, Problem>>,
{
    let edge = &exchange.edge;
    let settings = &edge.settings;
    body.check_declared(&request)?;
    if checks.csrf && !csrf::is_from_our_pages(request.headers()) {
        edge.observer.csrf_rejected(exchange.route());
        return Err(csrf::refusal());
    }
    let caller = Caller {
        identity: &exchange.identity,
        client: &exchange.client,
        metrics: &settings.metrics_access,
        token: client_address::bearer_token(request.headers())
            .ok()
            .flatten(),
    };
    let granted = G::admit(&caller).inspect_err(|problem| {
        edge.observer
            .denied(exchange.route(), problem.status.as_u16());
    })?;
    if checks.limit == LimitClass::AdminAction {
        let key = exchange.act_key(request.method());
        exchange.take(LimitClass::AdminAction, key).await?;
    }
    let input = I::read(&request, body).await?;
    let call = Call::new(granted, request, exchange);
    handler(call, input).await?.into_response()
}

/// One path and its methods.
struct Path {
    template: &'static str,
    methods: Vec<(Method, Arc<Run>)>,
}

impl Path {
    fn run_of(&self, method: &Method) -> Option<&Arc<Run>> {
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.methods
            .iter()
            .find(|(known, _)| known == method)
            .map(|(_, run)| run)
    }

    fn allowed(&self) -> Vec<Method> {
        let mut allowed: Vec<Method> = self
            .methods
            .iter()
            .map(|(method, _)| method.clone())
            .collect();
        if allowed.contains(&Method::GET) {
            allowed.push(Method::HEAD);
        }
        allowed.push(Method::OPTIONS);
        allowed
    }
}

impl Endpoint for Path {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let Some(exchange) = request.data::<Arc<Exchange>>().cloned() else {
            return Err(Problem::internal("a route was reached past the edge").into());
        };
        exchange.matched(self.template);
        if let Some(run) = self.run_of(request.method()) {
            return Ok(run(request, exchange).await?);
        }
        if *request.method() == Method::OPTIONS {
            let mut response = Response::from(StatusCode::NO_CONTENT);
            let allow = method::allow_header(&self.allowed());
            response
                .headers_mut()
                .insert(poem::http::header::ALLOW, allow);
            return Ok(response);
        }
        Err(Problem::method_not_allowed(self.allowed()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::poem_path;

    #[test]
    fn parameters_are_written_in_braces() {
        assert_eq!(poem_path("/"), "/");
        assert_eq!(
            poem_path("/api/stores/{id}/restore"),
            "/api/stores/:id/restore"
        );
        assert_eq!(poem_path("/app/{*rest}"), "/app/*rest");
    }
}
