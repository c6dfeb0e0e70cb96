//! Why a request was refused: one type inside, rendered in the dialect of the route's family.

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use poem::http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::platform::limits::Decision;

/// What is wrong with one field of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// Where: `["body", "email"]`, `["query", "limit"]`, `["path", "id"]`.
    pub(crate) loc: Vec<String>,
    /// What was wrong and what is allowed, for people.
    pub(crate) message: String,
    /// The kind of mistake for programs: `missing`, `type_error`, `value_error`.
    pub(crate) kind: &'static str,
}

impl FieldError {
    pub(crate) fn new(loc: &[&str], message: impl Into<String>, kind: &'static str) -> Self {
        Self {
            loc: loc.iter().map(|&part| part.to_owned()).collect(),
            message: message.into(),
            kind,
        }
    }
}

/// A refusal or a failure, as the client is told and as the log is told.
///
/// `message` and `details` are sent to the client. `source` never is: it is logged once, when the
/// problem is rendered.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// Stable word for programs, `snake_case`.
    pub(crate) code: &'static str,
    pub(crate) message: Cow<'static, str>,
    pub(crate) fields: Box<[FieldError]>,
    pub(crate) details: Option<Box<Map<String, Value>>>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) allow: Option<Box<[Method]>>,
    /// Whether `WWW-Authenticate: Bearer` says how to sign in.
    pub(crate) www_authenticate: bool,
    pub(crate) source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: Box::default(),
            details: None,
            retry_after: None,
            allow: None,
            www_authenticate: false,
            source: None,
        }
    }

    /// 400: the request cannot be understood or asks for what is never possible.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401: who calls is not known.
    pub(crate) fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", message);
        problem.www_authenticate = true;
        problem
    }

    /// 403: who calls is known and may not.
    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: no such thing, or not yours.
    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 405, naming the methods that the path has.
    pub(crate) fn method_not_allowed(allow: Vec<Method>) -> Self {
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method Not Allowed",
        );
        problem.allow = Some(allow.into());
        problem
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The request body did not arrive in time",
        )
    }

    /// 409: the state of the thing does not allow it.
    pub(crate) fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 413: more bytes than the route takes.
    pub(crate) fn payload_too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// 415: a content type that the route does not take.
    pub(crate) fn unsupported_media_type(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    /// 422 for one field, such as `invalid(&["body", "email"], "Must contain an @")`.
    pub(crate) fn invalid(loc: &[&str], message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError::new(loc, message, "value_error")])
    }

    /// 422 for several fields at once.
    pub(crate) fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_request",
            "The request has invalid fields",
        );
        problem.fields = fields.into();
        problem
    }

    /// 429: try again after `retry_after`.
    pub(crate) fn too_many(retry_after: Duration) -> Self {
        let mut problem = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            "Rate limit exceeded",
        );
        problem.retry_after = Some(retry_after);
        problem
    }

    /// 503: something that the request needs is not there now.
    pub(crate) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// 503: the server stops; another, or this one when it is back, will answer.
    pub(crate) fn stopping() -> Self {
        Self::unavailable("The server stops; ask again shortly")
            .with_code("server_shutdown")
            .with_retry_after(Duration::from_secs(1))
    }

    /// 500: our fault. The client learns only the request id.
    pub(crate) fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal server error",
        )
        .caused_by(source)
    }

    /// What lies behind it, for the log alone.
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(Arc::from(source.into()));
        self
    }

    /// Members added to the body beside the message.
    pub(crate) fn with_details(mut self, details: Map<String, Value>) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    pub(crate) fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}

impl From<Decision> for Problem {
    fn from(refused: Decision) -> Self {
        Self::too_many(refused.retry_after)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} {}: {}",
            self.status.as_u16(),
            self.code,
            self.message
        )
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        let status = problem.status;
        Self::new(problem, status)
    }
}
