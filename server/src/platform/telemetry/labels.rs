//! What the values of labels may be: declared here, shown in `docs/metrics.md`, and held against all
//! that is recorded.

use super::metric::Declaration;

/// The values that a label may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Domain {
    /// These and no others.
    OneOf(&'static [&'static str]),
    /// Those of the metric's series that are known from the start.
    Known,
    /// As many as the house is built or configured with: what they are, in words, and what none of
    /// them looks like.
    Open(
        #[cfg_attr(
            not(test),
            expect(dead_code, reason = "a test writes the page of the metrics")
        )]
        &'static str,
        fn(&str) -> bool,
    ),
}

use Domain::{Known, OneOf, Open};

/// What stands in place of a value that was not declared: whatever it is, it makes no series.
pub(super) const OTHER: &str = "other";

const METHODS: Domain = OneOf(&[
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
]);
const ROUTES: Domain = Open("a template of a mounted route, or `unmatched`", is_route);
const STATUSES: Domain = Open(
    "a status of HTTP, or 499: the client left before it",
    is_status,
);
const SERVER_FAULTS: Domain = Open("the status when it is 500 or above, else empty", |value| {
    value.is_empty() || is_status(value) && value.starts_with('5')
});
const PROVIDERS: Domain = OneOf(&["gemini", "openai", "offline"]);
const MODELS: Domain = Open("a configured model", is_name);
const JOB_KINDS: Domain = Open("a registered kind of job, or `unknown`", is_word);
const OUTCOMES: Domain = OneOf(&["ok", "error"]);
const OPERATIONS: Domain = OneOf(&["chat", "embeddings"]);
const RETENTION_CLASSES: Domain = OneOf(&[
    "chat",
    "usage",
    "uploads_tmp",
    "exports",
    "finished_jobs",
    "soft_deleted",
    "sessions",
    "stream_replay",
    "audit",
    "raw_audio",
    "transcripts",
]);
const LIMIT_CLASSES: Domain = OneOf(&[
    "default",
    "chat",
    "upload",
    "login",
    "register",
    "admin-action",
]);

/// By label, wherever it stands.
const LABELS: &[(&str, Domain)] = &[
    ("method", METHODS),
    ("http_request_method", METHODS),
    ("endpoint", ROUTES),
    ("http_route", ROUTES),
    ("status", STATUSES),
    ("http_response_status_code", STATUSES),
    ("error_type", SERVER_FAULTS),
    ("db_system_name", OneOf(&["sqlite", "postgresql"])),
    ("db_operation_name", OneOf(&["SELECT", "transaction"])),
    (
        "db_client_connection_pool_name",
        OneOf(&["reader", "writer"]),
    ),
    ("db_client_connection_state", OneOf(&["used", "idle"])),
    ("batch", OneOf(&["single", "group"])),
    ("gen_ai_operation_name", OPERATIONS),
    ("gen_ai_provider_name", PROVIDERS),
    ("gen_ai_request_model", MODELS),
    ("gen_ai_token_type", OneOf(&["input", "output"])),
    ("provider", PROVIDERS),
    ("from", PROVIDERS),
    ("to", PROVIDERS),
    ("model", MODELS),
    ("type", OneOf(&["prompt", "completion", "index"])),
    ("kind", JOB_KINDS),
    ("task", Open("a duty or a schedule", is_word)),
    (
        "topic",
        OneOf(&[
            "pulse",
            "alarms",
            "jobs",
            "streams",
            "accounts",
            "retention",
            "providers",
            "audit",
        ]),
    ),
    ("class", RETENTION_CLASSES),
    ("decision", OneOf(&["allowed", "refused"])),
    ("operation", Known),
    ("result", Known),
    ("reason", Known),
    ("stage", Known),
    ("level", Known),
    ("slot", Known),
    ("version", Open("of a release", is_name)),
    ("commit", Open("of the source, or `unknown`", is_name)),
];

/// By metric and label, where it is not what the label is elsewhere.
const EXCEPTIONS: &[(&str, &str, Domain)] = &[
    (
        "db_client_operation_duration_seconds",
        "error_type",
        OneOf(&["", "error"]),
    ),
    ("binnacle_db_write_duration_seconds", "result", OUTCOMES),
    (
        "gen_ai_client_operation_duration_seconds",
        "error_type",
        OneOf(&[
            "",
            "auth",
            "quota",
            "rate",
            "policy",
            "transient",
            "bad_request",
            "timeout",
            "truncated",
            "protocol",
            "unavailable",
            "cancelled",
        ]),
    ),
    ("gemini_api_calls_total", "status", Known),
    ("gemini_api_latency_seconds", "operation", OPERATIONS),
    (
        "binnacle_provider_breaker_state",
        "state",
        OneOf(&["closed", "open", "half_open"]),
    ),
    ("binnacle_sse_streams_active", "kind", Known),
    ("binnacle_sse_streams_limit", "kind", Known),
    ("binnacle_sse_streams_ended_total", "kind", Known),
    (
        "binnacle_jobs_finished_total",
        "result",
        OneOf(&[
            "ok",
            "retry",
            "dead",
            "cancelled",
            "fenced",
            "awaiting_budget",
            "awaiting_input",
            "given_back",
        ]),
    ),
    (
        "binnacle_jobs",
        "state",
        OneOf(&[
            "queued",
            "running",
            "succeeded",
            "failed",
            "cancelled",
            "awaiting_input",
            "awaiting_budget",
        ]),
    ),
    ("binnacle_auth_attempts_total", "method", Known),
    ("binnacle_ratelimit_decisions_total", "class", LIMIT_CLASSES),
    ("binnacle_ratelimit_fallbacks_total", "class", LIMIT_CLASSES),
    (
        "binnacle_uploads_total",
        "kind",
        Open("a format of documents, or `unknown`", is_word),
    ),
    (
        "binnacle_uploads_total",
        "result",
        OneOf(&["ok", "too_large", "type", "quota", "malformed"]),
    ),
    (
        "binnacle_upload_bytes_total",
        "kind",
        Open("a format of documents", is_word),
    ),
    (
        "binnacle_object_store_duration_seconds",
        "operation",
        OneOf(&["put", "get", "delete", "probe"]),
    ),
    ("binnacle_object_store_duration_seconds", "result", OUTCOMES),
];

impl Declaration {
    /// What the values of one of its labels may be; `None`: nobody has said.
    pub(crate) fn domain(&self, label: &str) -> Option<Domain> {
        let exception = EXCEPTIONS
            .iter()
            .find(|(metric, of, _)| *metric == self.name && *of == label);
        let rule = LABELS.iter().find(|(of, _)| *of == label);
        exception
            .map(|(_, _, domain)| *domain)
            .or(rule.map(|(_, domain)| *domain))
    }

    /// The values of a label in the series that are known from the start.
    pub(super) fn known_values(&self, label: &str) -> Vec<&'static str> {
        let place = self.labels.iter().position(|of| *of == label);
        let values = self.known.iter().filter_map(|series| series.get(place?));
        let mut distinct = Vec::new();
        for value in values {
            if !distinct.contains(value) {
                distinct.push(*value);
            }
        }
        distinct
    }

    /// Whether a label may have this value.
    pub(crate) fn allows(&self, label: &str, value: &str) -> bool {
        match self.domain(label) {
            Some(OneOf(values)) => values.contains(&value),
            Some(Known) => self.known_values(label).contains(&value),
            Some(Open(_, is_one)) => is_one(value),
            None => false,
        }
    }
}

fn is_status(value: &str) -> bool {
    value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// A word of the program's own: short, and no id.
fn is_word(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (1..=64).contains(&value.len()) && value.bytes().all(allowed) && digits <= 2
}

fn is_name(value: &str) -> bool {
    (1..=200).contains(&value.len()) && !value.contains(|c: char| c.is_whitespace() || c == '@')
}

/// A template has its parameters in braces: a segment of digits is an id.
fn is_route(value: &str) -> bool {
    let is_id = |segment: &str| {
        !segment.is_empty()
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    value == "unmatched"
        || value.starts_with('/') && !value.contains('?') && !value.split('/').any(is_id)
}

#[cfg(test)]
mod tests {
    use super::{super::DECLARATIONS, *};

    #[test]
    fn every_label_has_a_domain_and_every_domain_a_label() {
        for declaration in DECLARATIONS {
            for label in declaration.labels {
                let name = declaration.name;
                let domain = declaration.domain(label);
                assert!(domain.is_some(), "{name}: {label}");
                if matches!(domain, Some(Known)) {
                    let known = declaration.known_values(label);
                    assert!(!known.is_empty(), "{name}: {label}");
                }
            }
            for series in declaration.known {
                for (label, value) in declaration.labels.iter().zip(*series) {
                    let name = declaration.name;
                    assert!(declaration.allows(label, value), "{name}: {label}={value}");
                }
            }
        }
        let used = |metric: Option<&str>, label: &str| {
            DECLARATIONS.iter().any(|declaration| {
                metric.is_none_or(|name| name == declaration.name)
                    && declaration.labels.contains(&label)
            })
        };
        for (label, _) in LABELS {
            assert!(used(None, label), "{label}");
        }
        for (metric, label, _) in EXCEPTIONS {
            assert!(used(Some(metric), label), "{metric}: {label}");
        }
    }

    #[test]
    fn ids_and_addresses_are_no_labels() {
        assert!(is_route("/api/stores/{id}") && is_route("unmatched") && is_route("/"));
        for route in ["/api/stores/17", "/api/stores?id=17", "stores", ""] {
            assert!(!is_route(route), "{route}");
        }
        assert!(is_word("retention.sweep") && is_word("admin-action"));
        for word in ["two words", "", "a@b", "doc-1234"] {
            assert!(!is_word(word), "{word}");
        }
        assert!(is_name("hf.co/some/model:Q4_K_M") && !is_name("ada@example.org"));
        assert!(is_status("204") && !is_status("ok"));
    }
}
