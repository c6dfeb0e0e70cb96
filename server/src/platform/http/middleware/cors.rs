//! Which other origins may read our answers.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};

/// The origins that may call us from a browser.
#[derive(Debug, Clone, Default)]
pub(crate) struct CorsSettings {
    /// `https://app.example.org`, exact.
    pub(crate) origins: Vec<String>,
    /// Every origin, which is possible only without credentials.
    pub(crate) any_origin: bool,
    pub(crate) credentials: bool,
    /// What a preflight allows; empty: everything that the house uses.
    pub(crate) methods: Vec<Method>,
    /// As `methods`, for request headers.
    pub(crate) headers: Vec<HeaderName>,
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, \
     X-Binnacle-Client, X-Request-ID, X-Requested-With, X-Stream-Profile, X-Stream-Resume",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Disposition, RateLimit, RateLimit-Policy, Retry-After, X-RateLimit-Limit, \
     X-RateLimit-Remaining, X-Audit-Id, X-Request-ID, X-Session-Id, X-Stream-Id, \
     x-vercel-ai-ui-message-stream",
);
const TEN_MINUTES: HeaderValue = HeaderValue::from_static("600");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ANY: HeaderValue = HeaderValue::from_static("*");
const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

pub(in super::super) struct Cors {
    origins: Vec<HeaderValue>,
    any_origin: bool,
    credentials: bool,
    methods: HeaderValue,
    headers: HeaderValue,
}

/// A list as a header holds it; `None` for an empty one.
fn listed<T: AsRef<str>>(items: &[T]) -> Option<HeaderValue> {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    if items.is_empty() {
        return None;
    }
    HeaderValue::from_str(&items.join(", ")).ok()
}

impl Cors {
    pub(in super::super) fn new(settings: &CorsSettings) -> Self {
        // `null` is the origin of every sandboxed page: allowing it allows all of them.
        let named = settings
            .origins
            .iter()
            .filter(|origin| !matches!(origin.as_str(), "null" | "*"));
        Self {
            origins: named
                .filter_map(|origin| HeaderValue::from_str(origin).ok())
                .collect(),
            any_origin: settings.any_origin && !settings.credentials,
            credentials: settings.credentials,
            methods: listed(&settings.methods).unwrap_or(METHODS),
            headers: listed(&settings.headers).unwrap_or(REQUEST_HEADERS),
        }
    }

    pub(in super::super) fn judge(&self, request: &Request) -> CorsVerdict {
        let origin = request.headers().get(header::ORIGIN);
        let allowed = origin.and_then(|origin| {
            if self.origins.contains(origin) {
                Some(origin.clone())
            } else {
                self.any_origin.then_some(ANY)
            }
        });
        CorsVerdict {
            preflight: origin.is_some()
                && *request.method() == Method::OPTIONS
                && request
                    .headers()
                    .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
            varies: !self.origins.is_empty(),
            credentials: self.credentials && allowed.as_ref().is_some_and(|origin| origin != ANY),
            allowed,
            methods: self.methods.clone(),
            headers: self.headers.clone(),
        }
    }
}

/// What one request's origin may do.
pub(in super::super) struct CorsVerdict {
    allowed: Option<HeaderValue>,
    credentials: bool,
    preflight: bool,
    varies: bool,
    methods: HeaderValue,
    headers: HeaderValue,
}

impl CorsVerdict {
    /// The whole answer when the request only asks whether it may be sent.
    pub(in super::super) fn preflight(&self) -> Option<Response> {
        if !self.preflight {
            return None;
        }
        let mut response = Response::from(StatusCode::NO_CONTENT);
        if self.allowed.is_some() {
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, TEN_MINUTES);
        }
        Some(response)
    }

    pub(in super::super) fn write(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(header::VARY, ORIGIN);
        }
        let Some(origin) = &self.allowed else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        if !self.preflight {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
