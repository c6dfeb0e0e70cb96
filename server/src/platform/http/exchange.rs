//! What the edge knows about one request, shared by all that serve it.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::{Instrument as _, field::Empty};

use super::{
    edge::Edge, guard::Identity, middleware::client_address::ClientAddress, problem::Problem,
};
use crate::platform::{
    auth::principal::Principal,
    limits::{Decision, LimitClass, LimitKey},
    telemetry::traces,
};

/// One request and what will be added to its response.
pub(super) struct Exchange {
    pub(super) edge: Arc<Edge>,
    pub(super) client: ClientAddress,
    pub(super) identity: Identity,
    route: Arc<OnceLock<&'static str>>,
    added: Mutex<Added>,
}

#[derive(Default)]
struct Added {
    headers: HeaderMap,
    decisions: Vec<Decision>,
}

/// The label of a request that no route matched.
pub(super) const UNMATCHED: &str = "unmatched";

impl Exchange {
    pub(super) fn new(
        edge: Arc<Edge>,
        client: ClientAddress,
        identity: Identity,
        route: Arc<OnceLock<&'static str>>,
    ) -> Self {
        Self {
            edge,
            client,
            identity,
            route,
            added: Mutex::default(),
        }
    }

    /// Called by the route that took the request.
    pub(super) fn matched(&self, template: &'static str) {
        // A request is routed once; a second answer could only repeat the first.
        let _ = self.route.set(template);
    }

    pub(super) fn route(&self) -> &'static str {
        self.route.get().copied().unwrap_or(UNMATCHED)
    }

    pub(super) fn principal(&self) -> Option<&Principal> {
        match &self.identity {
            Identity::Known(principal) => Some(principal),
            Identity::Anonymous | Identity::Refused(_) => None,
        }
    }

    pub(super) fn limit_key(&self) -> LimitKey {
        LimitKey::of(self.principal(), self.client.address)
    }

    /// The bucket of one kind of act by the caller.
    pub(super) fn act_key(&self, method: &Method) -> LimitKey {
        let caller = match self.principal() {
            Some(principal) => format!("user:{}", principal.user_id),
            None => format!("ip:{}", self.client.address),
        };
        LimitKey::subject(&format!("{caller} {method} {}", self.route()))
    }

    /// Takes one call and remembers the decision for the response's headers.
    pub(super) async fn take(&self, class: LimitClass, key: LimitKey) -> Result<(), Problem> {
        let span = tracing::info_span!(
            target: traces::DETAIL,
            "limit",
            "binnacle.limit.class" = class.name(),
            "binnacle.limit.allowed" = Empty,
        );
        let check = self.edge.limits.check(class, key);
        let checked = check.instrument(span.clone()).await;
        let Some(decision) = checked else {
            return Ok(());
        };
        span.record("binnacle.limit.allowed", decision.allowed);
        self.edge.observer.limited(class, decision.allowed);
        self.added.lock().decisions.push(decision);
        if decision.allowed {
            Ok(())
        } else {
            Err(decision.into())
        }
    }

    pub(super) fn set_header(&self, name: HeaderName, value: HeaderValue) {
        self.added.lock().headers.insert(name, value);
    }

    /// What was added by the handler, and what the limits said.
    pub(super) fn take_added(&self) -> (HeaderMap, Vec<Decision>) {
        let added = std::mem::take(&mut *self.added.lock());
        (added.headers, added.decisions)
    }
}
