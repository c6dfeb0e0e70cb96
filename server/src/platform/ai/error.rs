//! What can go wrong with a provider, in words that hold neither a key nor content.

use std::fmt;
use std::time::Duration;

use super::model::ProviderName;

/// The kinds of failure that callers act upon differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// The key was refused.
    Auth,
    /// What was bought of the provider is used up.
    Quota,
    /// Too many requests; the provider may have said when to come back.
    Rate { retry_after: Option<Duration> },
    /// The provider refused the content.
    Policy,
    /// The provider failed in a way that may pass.
    Transient,
    /// The provider refused the request itself; asking again would not help.
    BadRequest,
    /// Nothing came in time.
    Timeout,
    /// The answer broke off before its end.
    Truncated,
    /// What came is not the protocol, or larger than allowed.
    Protocol,
    /// Not asked at all, or not reached.
    Unavailable { retry_after: Option<Duration> },
}

impl ErrorKind {
    /// The label in metrics (`error_type`).
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::Rate { .. } => "rate",
            Self::Policy => "policy",
            Self::Transient => "transient",
            Self::BadRequest => "bad_request",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Protocol => "protocol",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// Whether the same provider may answer when asked again soon. A timeout is not among them:
    /// the caller has waited long enough for this provider.
    pub(crate) const fn worth_retrying(self) -> bool {
        matches!(
            self,
            Self::Rate { .. }
                | Self::Transient
                | Self::Truncated
                | Self::Protocol
                | Self::Unavailable { .. }
        )
    }

    /// Whether another provider should be asked. Not when the content or the request is at fault.
    pub(crate) const fn worth_falling_back(self) -> bool {
        !matches!(self, Self::Policy | Self::BadRequest)
    }

    /// Whether it says that the provider is ill, which is what the circuit breaker counts.
    pub(crate) const fn is_failure_of_provider(self) -> bool {
        matches!(
            self,
            Self::Transient
                | Self::Timeout
                | Self::Truncated
                | Self::Protocol
                | Self::Unavailable { .. }
        )
    }

    /// When to come back, where the provider or the breaker has said so.
    pub(crate) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Rate { retry_after } | Self::Unavailable { retry_after } => retry_after,
            _ => None,
        }
    }
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct ProviderError {
    pub(crate) kind: ErrorKind,
    pub(crate) provider: ProviderName,
    /// The HTTP status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// What happened, in our words.
    message: &'static str,
    /// The provider's own code, letters and underscores only.
    code: Option<String>,
}

impl ProviderError {
    pub(crate) const fn new(
        provider: ProviderName,
        kind: ErrorKind,
        message: &'static str,
    ) -> Self {
        Self {
            kind,
            provider,
            status: None,
            message,
            code: None,
        }
    }

    pub(crate) const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Keeps the provider's code when it is one. Anything that could be content or a key (digits,
    /// spaces, dashes, length) is dropped.
    pub(crate) fn with_code(mut self, code: Option<&str>) -> Self {
        self.code = code
            .filter(|code| !code.is_empty() && code.len() <= 40)
            .filter(|code| code.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_'))
            .map(str::to_owned);
        self
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.provider, self.message)?;
        match (self.status, self.code.as_deref()) {
            (Some(status), Some(code)) => write!(out, " (status {status}, {code})"),
            (Some(status), None) => write!(out, " (status {status})"),
            (None, Some(code)) => write!(out, " ({code})"),
            (None, None) => Ok(()),
        }
    }
}
