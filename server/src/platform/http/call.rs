//! What a handler is given beside the body: the caller and the request's head.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use poem::{
    Request,
    http::{HeaderName, HeaderValue},
};
use serde::Serialize;

use super::{
    exchange::Exchange,
    guard::{Guard, Identify, Identity},
    middleware::client_address,
    problem::{FieldError, Problem},
};
use crate::platform::{
    idempotency::{self, IdempotencyKey, KeyRefusal},
    limits::{LimitClass, LimitKey},
};

/// One admitted call of an operation guarded by `G`.
pub(crate) struct Call<G: Guard> {
    granted: G::Granted,
    request: Request,
    exchange: Arc<Exchange>,
}

impl<G: Guard> Call<G> {
    pub(super) fn new(granted: G::Granted, request: Request, exchange: Arc<Exchange>) -> Self {
        Self {
            granted,
            request,
            exchange,
        }
    }

    /// What the guard granted: the caller for guarded operations, perhaps one for [`super::Anyone`].
    pub(crate) fn principal(&self) -> &G::Granted {
        &self.granted
    }

    /// The client's address, as far as trusted proxies vouch for it.
    pub(crate) fn client_address(&self) -> IpAddr {
        self.exchange.client.address
    }

    /// A header's text; None when it is absent or not readable as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.request.header(name)
    }

    /// The caller's `Idempotency-Key`; `None` when there is none. `operation` names the act and its
    /// object; `asked` is equal for equal requests.
    pub(crate) fn idempotency_key(
        &self,
        operation: &str,
        asked: &impl Serialize,
    ) -> Result<Option<IdempotencyKey>, KeyRefusal> {
        self.header(idempotency::HEADER)
            .map(|header| IdempotencyKey::parse(header, operation, asked))
            .transpose()
    }

    /// A parameter of the path, percent-decoded; 422 when it is not a `T`.
    pub(crate) fn path<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.parameter(name).ok_or_else(|| {
            Problem::invalid_fields(vec![FieldError::new(
                &["path", name],
                format!("Must be a valid {}", kind_of::<T>()),
                "type_error",
            )])
        })
    }

    /// A parameter of the path; what is not a `T` names nothing: 404 with the contract's words.
    pub(crate) fn path_or_missing<T: FromStr>(
        &self,
        name: &str,
        message: &'static str,
    ) -> Result<T, Problem> {
        self.parameter(name)
            .ok_or_else(|| Problem::not_found(message))
    }

    /// The router leaves a parameter out whose bytes are not UTF-8 when decoded.
    fn parameter<T: FromStr>(&self, name: &str) -> Option<T> {
        self.request.raw_path_param(name)?.parse().ok()
    }

    /// The caller's credentials, to be looked at again while a long answer lasts.
    pub(crate) fn credentials(&self) -> Credentials {
        let token = client_address::bearer_token(self.request.headers());
        Credentials {
            identify: self.exchange.edge.identify.clone(),
            token: token.ok().flatten().map(str::to_owned),
        }
    }

    /// Adds a header to the response, whatever the response will be.
    pub(crate) fn set_header(&self, name: HeaderName, value: HeaderValue) {
        self.exchange.set_header(name, value);
    }

    /// The bucket that the caller's calls are taken from.
    pub(crate) fn limit_key(&self) -> LimitKey {
        self.exchange.limit_key()
    }

    /// Takes one call of the caller under `class`; 429 when there is none left.
    pub(crate) fn limit(&self, class: LimitClass) -> Result<(), Problem> {
        self.exchange.take(class, self.limit_key())
    }

    /// Takes one call under `class` from another bucket than the caller's, such as the account that
    /// a sign-in names.
    pub(crate) fn limit_by(&self, class: LimitClass, key: LimitKey) -> Result<(), Problem> {
        self.exchange.take(class, key)
    }
}

/// What a caller came with.
#[derive(Clone)]
pub(crate) struct Credentials {
    identify: Arc<dyn Identify>,
    token: Option<String>,
}

impl Credentials {
    /// Who they prove now.
    pub(crate) async fn identity(self) -> Identity {
        self.identify.identify(self.token.as_deref()).await
    }
}

/// A type's name as people say it, for messages.
fn kind_of<T>() -> &'static str {
    match std::any::type_name::<T>().rsplit("::").next() {
        Some("i16" | "i32" | "i64" | "u16" | "u32" | "u64") => "integer",
        Some("Uuid") => "UUID",
        _ => "value",
    }
}
