//! Requests, answers and failures as values.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The verbs that the admin API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A question to the server, or a change of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub method: Method,
    /// From the server's root, each part encoded.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// Made when a dialog opens, so that a retry after a lost answer does not act twice.
    pub idempotency_key: Option<String>,
}

impl Request {
    /// A request of `path`, without query and body.
    pub fn new(method: Method, path: impl Into<String>) -> Request {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            idempotency_key: None,
        }
    }

    pub fn get(path: impl Into<String>) -> Request {
        Request::new(Method::Get, path)
    }

    pub fn post(path: impl Into<String>) -> Request {
        Request::new(Method::Post, path)
    }

    /// With one more parameter; an empty one is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Request {
        let value = value.into();
        if !value.is_empty() {
            self.query.push((name, value));
        }
        self
    }

    /// With a body. What cannot be written as JSON is sent as `null`, which every route refuses.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Request {
        self.body = Some(serde_json::to_value(body).unwrap_or(Value::Null));
        self
    }
}

/// A part of a path, encoded.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A good answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reply {
    pub body: Vec<u8>,
    /// The audit entry that an act left.
    pub audit_id: Option<i64>,
    pub request_id: Option<String>,
    /// The server's clock.
    pub date: Option<DateTime<Utc>>,
    /// From asking to the whole answer.
    pub took_ms: u64,
}

impl Reply {
    /// The body as a type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| Failure::Unreadable {
            reason: error.to_string(),
            request_id: self.request_id.clone(),
        })
    }
}

/// Why there is no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("no answer from the server: {reason}")]
    Network { reason: String },
    #[error("the server did not answer within {seconds} s")]
    TimedOut { seconds: u64 },
    #[error("{detail} ({status})")]
    Refused {
        status: u16,
        /// Stable, for programs; empty where the route has none.
        code: String,
        detail: String,
        field: Option<String>,
        retry_after_s: Option<u64>,
        request_id: Option<String>,
    },
    #[error("the server's answer is not what this console knows: {reason}")]
    Unreadable {
        reason: String,
        request_id: Option<String>,
    },
    #[error("sign in first")]
    SignIn,
    #[error("{0}")]
    Credentials(String),
}

impl Failure {
    /// The status of a refusal, 0 of everything else.
    pub fn status(&self) -> u16 {
        match self {
            Failure::Refused { status, .. } => *status,
            Failure::SignIn => 401,
            _ => 0,
        }
    }

    /// The code of a refusal.
    pub fn code(&self) -> &str {
        match self {
            Failure::Refused { code, .. } => code,
            _ => "",
        }
    }

    /// What the log of the server knows it by.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Failure::Refused { request_id, .. } | Failure::Unreadable { request_id, .. } => {
                request_id.as_deref()
            }
            _ => None,
        }
    }

    /// After how long to ask again, if asking again can help.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Failure::Network { .. } | Failure::TimedOut { .. } => Some(4),
            Failure::Refused {
                status: 429 | 500..,
                retry_after_s,
                ..
            } => Some(retry_after_s.unwrap_or(4).clamp(1, 300)),
            _ => None,
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    #[serde(default)]
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths_are_encoded() {
        assert_eq!(segment("a/b c"), "a%2Fb%20c");
        assert_eq!(segment("bo@ex.org"), "bo@ex.org");
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        let refused = |status| Failure::Refused {
            status,
            code: String::new(),
            detail: String::new(),
            field: None,
            retry_after_s: Some(12),
            request_id: None,
        };
        assert_eq!(refused(429).retry_after_s(), Some(12));
        assert_eq!(refused(503).retry_after_s(), Some(12));
        assert_eq!(refused(403).retry_after_s(), None);
    }
}
