//! What the composition root fills in from the configuration.

use std::time::Duration;

use secrecy::SecretString;

use super::model::ProviderName;
use crate::platform::outbound::OutboundError;

/// Everything that the providers need to know.
#[derive(Debug, Clone)]
pub(crate) struct AiSettings {
    /// `AI_PROVIDERS`: order of preference, each at most once.
    pub(crate) order: Vec<ProviderName>,
    /// `AI_MODELS`: `provider/model`, or a bare name of the first provider.
    pub(crate) models: Vec<String>,
    /// `DEFAULT_MODEL`.
    pub(crate) default_model: String,
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

impl Default for OpenAiSettings {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key: None,
        }
    }
}

/// Google's Gemini API.
#[derive(Debug, Clone)]
pub(crate) struct GeminiSettings {
    /// `GEMINI_BASE_URL`, with its version segment.
    pub(crate) base_url: String,
    /// The keys in rotation.
    pub(crate) keys: Vec<ApiKey>,
}

impl Default for GeminiSettings {
    fn default() -> Self {
        let base_url = "https://generativelanguage.googleapis.com/v1beta".to_owned();
        Self {
            base_url,
            keys: Vec::new(),
        }
    }
}

/// One key and the name of the place it came from.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    /// The variable's name (`GOOGLE_API_KEY_2`): what logs and metrics say in place of the key.
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

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_token: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(5),
            request: Duration::from_mins(1),
        }
    }
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

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            stream_attempts: 2,
            request_attempts: 3,
            base: Duration::from_secs(2),
            longest_wait: Duration::from_secs(10),
        }
    }
}

/// When to stop asking a provider that fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BreakerSettings {
    /// Failures within `window` that open it.
    pub(crate) failures: usize,
    pub(crate) window: Duration,
    /// How long it stays open before one call may probe.
    pub(crate) open_for: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(30),
            open_for: Duration::from_secs(30),
        }
    }
}

/// Why the providers could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AiSetupError {
    #[error("AI_PROVIDERS names no provider; name at least one of offline, openai, gemini")]
    NoProvider,
    #[error("{variable} has an entry that is no model; write provider/model or a model's name")]
    BadModel { variable: &'static str },
    #[error("{variable} names a model of {provider}, which is not in AI_PROVIDERS")]
    ModelWithoutProvider {
        variable: &'static str,
        provider: ProviderName,
    },
    #[error("{variable} is no usable http(s) address")]
    BadUrl { variable: &'static str },
    #[error("{label} contains characters that cannot be sent in an HTTP header")]
    BadKey { label: String },
    #[error("gemini is in AI_PROVIDERS but no key is set; set GEMINI_API_KEY")]
    NoGeminiKey,
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}
