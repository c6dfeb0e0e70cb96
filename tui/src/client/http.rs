//! Sends requests: with the token of who signed in, a deadline, and everything that the server wants
//! to see on a change.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Failure, Method, Reply, Request};

const CONNECT: Duration = Duration::from_secs(10);
/// A whole answer has to come within this.
pub(super) const ANSWER_S: u64 = 30;
/// The greatest answer that is read: a page of 200 rows is far below.
const GREATEST_ANSWER: usize = 16 << 20;

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{path}: {reason}")]
    CaFile {
        path: std::path::PathBuf,
        reason: String,
    },
    #[error(
        "no trusted certificates are found on this system: install the package ca-certificates"
    )]
    Tls,
}

/// Where an act comes from, for the record of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The screens.
    Console,
    /// A command of the shell.
    Shell,
}

impl Via {
    const fn word(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Shell => "cli",
        }
    }
}

/// The one builder of HTTP clients.
pub fn build(via: Via, ca_file: Option<&Path>) -> Result<reqwest::Client, ClientError> {
    // An error says that a provider is installed already, which is what is wanted.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert(
        "x-binnacle-client",
        reqwest::header::HeaderValue::from_static(via.word()),
    );
    let mut builder = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(concat!("binnacle-tui/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    if let Some(path) = ca_file {
        let failed = |reason: String| ClientError::CaFile {
            path: path.to_owned(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|error| failed(error.to_string()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|_| ClientError::Tls)
}

/// Sends a request without caring who asks; the token is the caller's.
pub(super) async fn send(
    http: &reqwest::Client,
    base: &Url,
    request: &Request,
    token: Option<&str>,
) -> Result<Reply, Failure> {
    let began = Instant::now();
    let builder = prepare(http, base, request, token)?;
    let response = builder
        .timeout(Duration::from_secs(ANSWER_S))
        .send()
        .await
        .map_err(|error| network(&error))?;
    let status = response.status();
    let headers = response.headers().clone();
    let mut body = Vec::new();
    let mut response = response;
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        if body.len() + chunk.len() > GREATEST_ANSWER {
            return Err(Failure::Unreadable {
                reason: "it is greater than 16 MiB".to_owned(),
                request_id: text(&headers, "x-request-id"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        return Err(refused(status.as_u16(), &headers, &body));
    }
    Ok(Reply {
        body,
        audit_id: text(&headers, "x-audit-id").and_then(|id| id.parse().ok()),
        request_id: text(&headers, "x-request-id"),
        date: text(&headers, "date").and_then(|date| read_date(&date)),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// The request as reqwest sends it, without a deadline.
pub(super) fn prepare(
    http: &reqwest::Client,
    base: &Url,
    request: &Request,
    token: Option<&str>,
) -> Result<reqwest::RequestBuilder, Failure> {
    let mut url = base.join(&request.path).map_err(|error| Failure::Network {
        reason: error.to_string(),
    })?;
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
    }
    let method = match request.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    };
    let changes = method != reqwest::Method::GET;
    let mut builder = http
        .request(method, url)
        .header("accept", "application/json");
    if changes {
        builder = builder.header("x-requested-with", "XMLHttpRequest");
    }
    if let Some(key) = &request.idempotency_key {
        builder = builder.header("idempotency-key", key);
    }
    if let Some(token) = token {
        builder = builder.bearer_auth(token);
    }
    if let Some(body) = &request.body {
        builder = builder.json(body);
    }
    Ok(builder)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

fn read_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.with_timezone(&Utc))
}

/// What went wrong on the way, without the address: it may hold a filter with names.
pub(super) fn network(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::TimedOut { seconds: ANSWER_S };
    }
    let mut reason = if error.is_connect() {
        "cannot connect".to_owned()
    } else {
        "the line broke".to_owned()
    };
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.source().is_none() {
            reason = format!("{reason}: {inner}");
        }
        source = inner.source();
    }
    Failure::Network { reason }
}

/// The forms in which routes refuse: problem+json, and `{"detail": ...}` of the contracts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: Value,
    error: Value,
    errors: Vec<FieldProblem>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldProblem {
    loc: Vec<Value>,
    message: String,
    msg: String,
}

impl FieldProblem {
    fn field(&self) -> Option<String> {
        self.loc
            .iter()
            .rev()
            .find_map(|part| part.as_str())
            .map(str::to_owned)
    }

    fn text(&self) -> String {
        let message = if self.message.is_empty() {
            &self.msg
        } else {
            &self.message
        };
        match self.field() {
            Some(field) => format!("{field}: {message}"),
            None => message.clone(),
        }
    }
}

/// A refusal in its own words.
pub(super) fn refused(status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let mut fields = problem.errors;
    let detail = match problem.detail {
        Value::String(text) => text,
        list @ Value::Array(_) => {
            fields = serde_json::from_value(list).unwrap_or_default();
            String::new()
        }
        _ => problem.error.as_str().unwrap_or_default().to_owned(),
    };
    let listed: Vec<String> = fields.iter().map(FieldProblem::text).collect();
    let detail = match (detail.is_empty(), listed.is_empty()) {
        (false, _) => detail,
        (true, false) => listed.join("; "),
        (true, true) => reqwest::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("refused")
            .to_owned(),
    };
    Failure::Refused {
        status,
        code: problem.code,
        detail,
        field: fields.first().and_then(FieldProblem::field),
        retry_after_s: headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok()),
        request_id: text(headers, "x-request-id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_both_dialects() {
        let headers = HeaderMap::new();
        let problem = br#"{"status":409,"detail":"the user changed","code":"changed_since"}"#;
        let failure = refused(409, &headers, problem);
        assert_eq!(failure.code(), "changed_since");
        assert_eq!(failure.to_string(), "the user changed (409)");
        let contract = br#"{"detail":[{"loc":["body","email"],"msg":"too long","type":"x"}]}"#;
        assert_eq!(
            refused(422, &headers, contract).to_string(),
            "email: too long (422)"
        );
        assert_eq!(
            refused(502, &headers, b"<html>").to_string(),
            "Bad Gateway (502)"
        );
    }
}
