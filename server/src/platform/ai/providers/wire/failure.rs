//! Turns a provider's refusal into a typed error that says what kind it is and nothing else.

use std::time::Duration;

use chrono::DateTime;
use reqwest::Response;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use super::body::read_capped;
use crate::platform::ai::error::{ErrorKind, ProviderError};
use crate::platform::ai::model::ProviderName;

const LARGEST_ERROR: usize = 64 << 10;
const READ_ERROR_WITHIN: Duration = Duration::from_secs(5);
/// A provider that asks for more is as good as gone; this only keeps sums from overflowing.
const LONGEST_RETRY_AFTER: u64 = 24 * 60 * 60;

/// The error object of both wires. Both are loosely typed and copied by many servers.
#[derive(Debug, Default, Deserialize)]
pub(in crate::platform::ai::providers) struct WireError {
    /// A number (Gemini), or a word (OpenAI).
    #[serde(default)]
    code: Value,
    /// Gemini's word.
    #[serde(default)]
    status: Value,
    /// OpenAI's class.
    #[serde(default, rename = "type")]
    class: Value,
    /// Gemini's details: reasons, retry delays, violated quotas.
    #[serde(default)]
    details: Value,
}

impl WireError {
    /// Reads whatever stands under `error`; a bare string tells nothing that may be shown.
    pub(in crate::platform::ai::providers) fn read(value: &Value) -> Self {
        Self::deserialize(value).unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        let details = self.details.as_array().into_iter().flatten();
        let reasons = details.filter_map(|detail| detail.get("reason"));
        [&self.status, &self.code, &self.class]
            .into_iter()
            .chain(reasons)
            .filter_map(Value::as_str)
    }

    /// `retryDelay` of `google.rpc.RetryInfo`, such as `"7s"`.
    fn retry_delay(&self) -> Option<Duration> {
        let details = self.details.as_array()?;
        let delay = details
            .iter()
            .find_map(|detail| detail.get("retryDelay")?.as_str())?;
        let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Whether what is used up comes back only tomorrow or for money.
    fn is_quota(&self) -> bool {
        let words = [
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
        ];
        let used_up = self.words().any(|word| words.contains(&word));
        let details = self.details.as_array().into_iter().flatten();
        let violations = details.filter_map(|detail| detail.get("violations")?.as_array());
        let per_day = violations
            .flatten()
            .filter_map(|violation| violation.get("quotaId")?.as_str())
            .any(|id| id.contains("PerDay"));
        used_up || per_day
    }

    fn number(&self) -> Option<u16> {
        u16::try_from(self.code.as_u64()?).ok()
    }
}

/// The error of a response that is no success.
pub(super) async fn from_response(provider: ProviderName, response: Response) -> ProviderError {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let reading = tokio::time::timeout(READ_ERROR_WITHIN, read_capped(response, LARGEST_ERROR));
    let body = match reading.await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) | Err(_) => Vec::new(),
    };
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    // Gemini wraps the object in a list when it was asked for a stream.
    let object = parsed.get(0).unwrap_or(&parsed);
    let error = object.get("error").map(WireError::read).unwrap_or_default();
    classify(provider, Some(status), &error, retry_after)
}

/// The error of a refusal: `status` is the response's, or none when the object came inside a stream.
pub(in crate::platform::ai::providers) fn classify(
    provider: ProviderName,
    status: Option<u16>,
    error: &WireError,
    retry_after: Option<Duration>,
) -> ProviderError {
    let number = status.or_else(|| error.number());
    let retry_after = retry_after.or_else(|| error.retry_delay());
    let (kind, message) = if error.is_quota() || number == Some(402) {
        (ErrorKind::Quota, "the provider's quota is used up")
    } else {
        let by_word = error
            .words()
            .find_map(|word| kind_of_word(word, retry_after));
        by_word
            .or_else(|| kind_of_status(number?, retry_after))
            .unwrap_or((
                ErrorKind::Transient,
                "the provider reported an error in place of an answer",
            ))
    };
    let code = error.words().next();
    let failed = ProviderError::new(provider, kind, message).with_code(code);
    match number {
        Some(number) => failed.with_status(number),
        None => failed,
    }
}

fn kind_of_word(word: &str, retry_after: Option<Duration>) -> Option<(ErrorKind, &'static str)> {
    let status = match word {
        "API_KEY_INVALID"
        | "UNAUTHENTICATED"
        | "PERMISSION_DENIED"
        | "invalid_api_key"
        | "authentication_error" => 401,
        "RESOURCE_EXHAUSTED" | "rate_limit_exceeded" | "rate_limit_error" => 429,
        "content_filter" | "content_policy_violation" => {
            return Some((ErrorKind::Policy, "the provider refused the content"));
        }
        "FAILED_PRECONDITION" | "NOT_FOUND" | "model_not_found" | "context_length_exceeded" => 400,
        "UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" | "server_error" | "overloaded_error" => {
            503
        }
        // Gemini sends INVALID_ARGUMENT for a bad key too, whose reason follows among the details.
        _ => return None,
    };
    kind_of_status(status, retry_after)
}

fn kind_of_status(status: u16, retry_after: Option<Duration>) -> Option<(ErrorKind, &'static str)> {
    Some(match status {
        401 | 403 => (ErrorKind::Auth, "the provider refused the key"),
        429 => (
            ErrorKind::Rate { retry_after },
            "the provider limits the rate of requests",
        ),
        408 => (ErrorKind::Transient, "the provider gave up waiting"),
        400..=499 => (ErrorKind::BadRequest, "the provider refused the request"),
        500..=599 if retry_after.is_some() => (
            ErrorKind::Unavailable { retry_after },
            "the provider is unavailable for a while",
        ),
        500..=599 => (ErrorKind::Transient, "the provider failed"),
        300..=399 => (
            ErrorKind::Protocol,
            "the provider redirects, which is not followed",
        ),
        _ => return None,
    })
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date, read against the response's own `Date` so
/// that no clock of ours is asked.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = if let Ok(seconds) = text.parse::<u64>() {
        seconds
    } else {
        let date = headers.get(DATE)?.to_str().ok()?;
        let now = DateTime::parse_from_rfc2822(date).ok()?;
        let then = DateTime::parse_from_rfc2822(text).ok()?;
        u64::try_from((then - now).num_seconds()).unwrap_or(0)
    };
    Some(Duration::from_secs(seconds.min(LONGEST_RETRY_AFTER)))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    fn kind(status: Option<u16>, error: &Value) -> ErrorKind {
        classify(ProviderName::Gemini, status, &WireError::read(error), None).kind
    }

    #[test]
    fn gemini_says_a_bad_key_is_an_invalid_argument() {
        let details = json!([{ "reason": "API_KEY_INVALID" }]);
        let error = json!({ "code": 400, "status": "INVALID_ARGUMENT", "details": details });
        assert_eq!(kind(Some(400), &error), ErrorKind::Auth);
        let error = json!({ "code": 400, "status": "INVALID_ARGUMENT" });
        assert_eq!(kind(Some(400), &error), ErrorKind::BadRequest);
    }

    #[test]
    fn a_daily_quota_is_not_a_rate() {
        let violations = json!([{ "quotaId": "GenerateRequestsPerDayPerProject" }]);
        let details = json!([{ "violations": violations }, { "retryDelay": "7.5s" }]);
        let daily = json!({ "code": 429, "status": "RESOURCE_EXHAUSTED", "details": details });
        assert_eq!(kind(Some(429), &daily), ErrorKind::Quota);
        let details = json!([{ "retryDelay": "7.5s" }]);
        let minute = json!({ "code": 429, "status": "RESOURCE_EXHAUSTED", "details": details });
        let retry_after = Some(Duration::from_millis(7500));
        assert_eq!(kind(Some(429), &minute), ErrorKind::Rate { retry_after });
        assert_eq!(
            kind(Some(429), &json!({ "code": "insufficient_quota" })),
            ErrorKind::Quota
        );
    }

    #[test]
    fn an_error_inside_a_stream_is_read_by_its_own_code() {
        assert_eq!(kind(None, &json!({ "code": 503 })), ErrorKind::Transient);
        assert_eq!(
            kind(None, &json!({ "type": "server_error" })),
            ErrorKind::Transient
        );
        assert_eq!(kind(None, &json!("overloaded")), ErrorKind::Transient);
        assert_eq!(
            kind(None, &json!({ "code": "content_filter" })),
            ErrorKind::Policy
        );
    }

    #[test]
    fn neither_message_nor_key_like_codes_are_shown() {
        let error = json!({ "message": "bad key sk-secret", "code": "sk-secret-1" });
        let shown = classify(
            ProviderName::OpenAi,
            Some(401),
            &WireError::read(&error),
            None,
        );
        assert!(!format!("{shown} {shown:?}").contains("secret"));
        assert_eq!(
            shown.to_string(),
            "openai: the provider refused the key (status 401)"
        );
    }

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_static("Wed, 21 Oct 2026 07:28:30 GMT"),
        );
        headers.insert(
            DATE,
            HeaderValue::from_static("Wed, 21 Oct 2026 07:28:00 GMT"),
        );
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
