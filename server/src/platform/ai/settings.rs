//! What the providers need to know, as read from the configuration.

use std::time::Duration;

use secrecy::SecretString;

use super::model::{ModelRef, ProviderName};
use crate::platform::config::AiConfig;
use crate::platform::outbound::OutboundError;

/// Everything that the providers need to know.
#[derive(Debug, Clone)]
pub(crate) struct AiSettings {
    /// Order of preference, each at most once.
    pub(crate) order: Vec<ProviderName>,
    /// What a request may name.
    pub(crate) models: Vec<ModelRef>,
    /// What answers when a request names none.
    pub(crate) default_model: ModelRef,
    /// Each provider's own model, for a request that falls back to it.
    pub(crate) fallback_models: Vec<ModelRef>,
    pub(crate) openai: OpenAiSettings,
    pub(crate) gemini: GeminiSettings,
    /// `MOCK_LATENCY_MS`: the pause of `offline` before each delta.
    pub(crate) offline_latency: Duration,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: RetrySettings,
    pub(crate) breaker: BreakerSettings,
}

/// An OpenAI-compatible server.
#[derive(Debug, Clone)]
pub(crate) struct OpenAiSettings {
    /// `OPENAI_BASE_URL`, with its version segment.
    pub(crate) base_url: String,
    /// `OPENAI_API_KEY`; servers of one's own often want none.
    pub(crate) api_key: Option<SecretString>,
}

/// Google's Gemini API.
#[derive(Debug, Clone)]
pub(crate) struct GeminiSettings {
    /// `GEMINI_BASE_URL`; a version segment is added where it has none.
    pub(crate) base_url: String,
    /// The keys in rotation.
    pub(crate) keys: Vec<ApiKey>,
}

/// One key and the name of the place it came from.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    /// What logs and metrics say in place of the key.
    pub(crate) label: String,
    pub(crate) secret: SecretString,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// From the request to the first text: connecting and headers included.
    pub(crate) first_token: Duration,
    /// Between two reads of an answer that has begun.
    pub(crate) idle: Duration,
    /// For an answer as a whole, every attempt included.
    pub(crate) total: Duration,
    /// For a call that does not stream (`GEMINI_HTTP_TIMEOUT_S`).
    pub(crate) request: Duration,
}

/// When to try the same provider again. Never after the first token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetrySettings {
    /// Tries of one provider, the first included (`GEMINI_STREAM_RETRY_ATTEMPTS`).
    pub(crate) stream_attempts: u32,
    /// The same for calls that do not stream (`GEMINI_RETRY_ATTEMPTS`).
    pub(crate) request_attempts: u32,
    /// The wait before the second try; it doubles with each further one.
    pub(crate) base: Duration,
    /// A longer `Retry-After` than this is not waited for: the next provider is asked.
    pub(crate) longest_wait: Duration,
}

/// When to stop asking a provider that fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreakerSettings {
    /// Failures within `window` that open it.
    pub(crate) failures: u32,
    pub(crate) window: Duration,
    /// How long it stays open before one call may probe.
    pub(crate) open_for: Duration,
}

/// For an answer as a whole: longer than any sound one takes, short enough to free its hold.
const LONGEST_ANSWER: Duration = Duration::from_mins(5);
/// The wait before the second try; it doubles with each further one.
const RETRY_BASE: Duration = Duration::from_secs(2);
/// A longer `Retry-After` is better spent asking the next provider.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl From<&AiConfig> for AiSettings {
    fn from(config: &AiConfig) -> Self {
        let keys = config
            .gemini
            .keys
            .iter()
            .enumerate()
            .map(|(at, secret)| ApiKey {
                label: format!("key {} of Gemini", at + 1),
                secret: secret.clone(),
            });
        Self {
            order: config.providers.clone(),
            models: config.models.clone(),
            default_model: config.default_model.clone(),
            fallback_models: config.fallback_models.clone(),
            openai: OpenAiSettings {
                base_url: config.openai.base_url.clone(),
                api_key: config.openai.key.clone(),
            },
            gemini: GeminiSettings {
                base_url: config.gemini.base_url.clone(),
                keys: keys.collect(),
            },
            offline_latency: config.mock_latency,
            timeouts: Timeouts {
                first_token: config.timeouts.first_token,
                idle: config.timeouts.idle,
                total: LONGEST_ANSWER,
                request: config.timeouts.call,
            },
            retry: RetrySettings {
                stream_attempts: config.stream_attempts,
                request_attempts: config.attempts,
                base: RETRY_BASE,
                longest_wait: LONGEST_WAIT,
            },
            breaker: BreakerSettings {
                failures: config.breaker.failures,
                window: config.breaker.window,
                open_for: config.breaker.window,
            },
        }
    }
}

/// Why the providers could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AiSetupError {
    #[error("{variable} is no usable http(s) address")]
    BadUrl { variable: &'static str },
    #[error("{label} contains characters that cannot be sent in an HTTP header")]
    BadKey { label: String },
    #[error("gemini is in AI_PROVIDERS but no key is set; set GEMINI_API_KEY")]
    NoGeminiKey,
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}
