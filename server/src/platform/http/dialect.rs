//! How a family of routes words its errors.

use poem::{
    Response,
    http::{HeaderValue, StatusCode, header},
};
use serde_json::{Map, Value, json};

use super::problem::{FieldError, Problem};

/// The shape of an error's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `{"detail": "text"}`; for fields `{"detail": [{"loc", "msg", "type"}]}`.
    Detail,
    /// `{"error": "text"}`.
    Error,
    /// RFC 9457, `application/problem+json`.
    ProblemJson,
}

impl Dialect {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Detail | Self::Error => "application/json",
            Self::ProblemJson => "application/problem+json",
        }
    }

    /// The response, and the log line when there is something behind the problem: called once per
    /// problem, by the edge.
    pub(crate) fn render(self, problem: &Problem, request_id: &str) -> Response {
        log(problem, request_id);
        let body = Value::Object(self.body(problem));
        let mut response = Response::builder()
            .status(problem.status)
            .content_type(self.media_type())
            .body(body.to_string());
        let headers = response.headers_mut();
        if let Some(wait) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if let Some(allow) = &problem.allow {
            headers.insert(header::ALLOW, super::method::allow_header(allow));
        }
        if problem.www_authenticate {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    fn body(self, problem: &Problem) -> Map<String, Value> {
        let mut body = problem.details.as_deref().cloned().unwrap_or_default();
        match self {
            Self::Detail => {
                let detail = if problem.fields.is_empty() {
                    json!(problem.message)
                } else {
                    problem.fields.iter().map(field_detail).collect()
                };
                body.insert("detail".to_owned(), detail);
            }
            Self::Error => {
                body.insert("error".to_owned(), json!(problem.message));
            }
            Self::ProblemJson => {
                body.insert("type".to_owned(), json!("about:blank"));
                body.insert("title".to_owned(), json!(title(problem.status)));
                body.insert("status".to_owned(), json!(problem.status.as_u16()));
                body.insert("detail".to_owned(), json!(problem.message));
                body.insert("code".to_owned(), json!(problem.code));
                if !problem.fields.is_empty() {
                    let errors: Value = problem.fields.iter().map(field_problem).collect();
                    body.insert("errors".to_owned(), errors);
                }
            }
        }
        body
    }
}

/// Seconds rounded up, at least one: a client that waits this long is let in.
pub(super) fn whole_seconds(wait: std::time::Duration) -> u64 {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1)
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

fn field_detail(field: &FieldError) -> Value {
    json!({"loc": field.loc, "msg": field.message, "type": field.kind})
}

fn field_problem(field: &FieldError) -> Value {
    json!({"loc": field.loc, "message": field.message, "type": field.kind})
}

fn log(problem: &Problem, request_id: &str) {
    let status = problem.status.as_u16();
    let code = problem.code;
    let Some(source) = &problem.source else {
        return;
    };
    let error = chain(&**source);
    if problem.status.is_server_error() {
        tracing::error!(target: "http", request_id, status, code, error, "request failed");
    } else {
        tracing::info!(target: "http", request_id, status, code, error, "request refused");
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pretty_assertions::assert_eq;

    use super::*;

    fn body(dialect: Dialect, problem: &Problem) -> Value {
        Value::Object(dialect.body(problem))
    }

    #[test]
    fn detail_says_text_or_a_list_of_fields() {
        let plain = Problem::not_found("Store not found");
        assert_eq!(
            body(Dialect::Detail, &plain),
            json!({"detail": "Store not found"})
        );
        let fields = Problem::invalid(&["body", "email"], "Must contain an @");
        assert_eq!(
            body(Dialect::Detail, &fields),
            json!({"detail": [
                {"loc": ["body", "email"], "msg": "Must contain an @", "type": "value_error"}
            ]})
        );
    }

    #[test]
    fn details_stand_beside_the_message_and_never_replace_it() {
        let Value::Object(details) = json!({"limit_usd": 1.5, "detail": "other"}) else {
            unreachable!("written as an object above")
        };
        let problem = Problem::new(
            StatusCode::PAYMENT_REQUIRED,
            "budget_exceeded",
            "Monthly budget exceeded",
        )
        .with_details(details);
        assert_eq!(
            body(Dialect::Detail, &problem),
            json!({"detail": "Monthly budget exceeded", "limit_usd": 1.5})
        );
    }

    #[test]
    fn problem_json_has_the_members_of_rfc_9457() {
        let problem = Problem::invalid(&["query", "limit"], "Must be 1 to 200");
        assert_eq!(
            body(Dialect::ProblemJson, &problem),
            json!({
                "type": "about:blank",
                "title": "Unprocessable Entity",
                "status": 422,
                "detail": "The request has invalid fields",
                "code": "invalid_request",
                "errors": [
                    {"loc": ["query", "limit"], "message": "Must be 1 to 200", "type": "value_error"}
                ]
            })
        );
    }

    #[test]
    fn the_source_is_never_sent() {
        let problem = Problem::internal("SELECT secret FROM vault");
        for dialect in [Dialect::Detail, Dialect::Error, Dialect::ProblemJson] {
            let sent = body(dialect, &problem).to_string();
            assert!(!sent.contains("vault"), "{sent}");
            assert!(sent.contains("Internal server error"), "{sent}");
        }
    }

    #[test]
    fn waits_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_secs(6)), 6);
        assert_eq!(whole_seconds(Duration::from_millis(6_001)), 7);
    }
}
