//! Which providers answer, with which models, and how long they may take.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::models::{ModelName, Provider, read_models, read_order};
use super::reader::{Malformed, Reader};
use super::variable::{Section, Variable};

pub(super) const GEMINI_MOCK_MODE: Variable = Variable::new(
    "GEMINI_MOCK_MODE",
    "true",
    "Answer with the `offline` provider alone: no key, no network. When it is not set, a given \
     AI_PROVIDERS decides.",
);
pub(super) const ALLOW_MOCK_IN_PROD: Variable = Variable::new(
    "ALLOW_MOCK_IN_PROD",
    "false",
    "Accept the `offline` provider in staging and production.",
);
pub(super) const AI_PROVIDERS: Variable = Variable::new(
    "AI_PROVIDERS",
    "",
    "Providers in order of preference, from `gemini`, `openai` and `offline`. Without it: those \
     with a key (for `openai` a base URL will do).",
);
pub(super) const GEMINI_API_KEY: Variable = Variable::new(
    "GEMINI_API_KEY",
    "",
    "Key for Gemini, the first in the rotation.",
)
.secret();
pub(super) const GOOGLE_API_KEYS: [Variable; 4] = [
    Variable::new("GOOGLE_API_KEY", "", "Further key for Gemini.").secret(),
    Variable::new("GOOGLE_API_KEY_1", "", "Further key for Gemini.").secret(),
    Variable::new("GOOGLE_API_KEY_2", "", "Further key for Gemini.").secret(),
    Variable::new("GOOGLE_API_KEY_3", "", "Further key for Gemini.").secret(),
];
pub(super) const GEMINI_BASE_URL: Variable = Variable::new(
    "GEMINI_BASE_URL",
    "https://generativelanguage.googleapis.com",
    "Where Gemini is reached.",
);
pub(super) const OPENAI_API_KEY: Variable = Variable::new(
    "OPENAI_API_KEY",
    "",
    "Key for the OpenAI-compatible server; servers of one's own often need none.",
)
.secret();
pub(super) const OPENAI_BASE_URL: Variable = Variable::new(
    "OPENAI_BASE_URL",
    "https://api.openai.com/v1",
    "Where the OpenAI-compatible server is reached, with its version path.",
);
pub(super) const OPENAI_MODEL: Variable = Variable::new(
    "OPENAI_MODEL",
    "gpt-4o-mini",
    "The model of `openai` when AI_MODELS and DEFAULT_MODEL name none for it.",
)
.aliases(&["PLC_LLM_MODEL"]);
pub(super) const DEFAULT_MODEL: Variable = Variable::new(
    "DEFAULT_MODEL",
    "",
    "Model that answers when a request names none: `provider/model`, or a bare name of the first \
     provider. Without it: the first in AI_MODELS, else `gemini-2.5-flash` or OPENAI_MODEL.",
);
pub(super) const AI_MODELS: Variable = Variable::new(
    "AI_MODELS",
    "",
    "Models that a request may name, as `provider/model` or bare names of the first provider. \
     Without it: the known models of the first provider.",
);
pub(super) const EMBEDDING_MODEL: Variable = Variable::new(
    "EMBEDDING_MODEL",
    "",
    "Model that makes vectors for search; without it search is lexical. A change indexes again.",
);
pub(super) const GEMINI_HTTP_TIMEOUT_S: Variable = Variable::new(
    "GEMINI_HTTP_TIMEOUT_S",
    "60",
    "Longest call to any provider that does not stream.",
)
.unit("seconds");
pub(super) const AI_FIRST_TOKEN_TIMEOUT_S: Variable = Variable::new(
    "AI_FIRST_TOKEN_TIMEOUT_S",
    "30",
    "Longest wait for the first text of a streamed answer.",
)
.unit("seconds");
pub(super) const AI_IDLE_TIMEOUT_S: Variable = Variable::new(
    "AI_IDLE_TIMEOUT_S",
    "30",
    "Longest silence within a streamed answer.",
)
.unit("seconds");
pub(super) const GEMINI_RETRY_ATTEMPTS: Variable = Variable::new(
    "GEMINI_RETRY_ATTEMPTS",
    "3",
    "Attempts of a call that does not stream, the first included.",
);
pub(super) const GEMINI_STREAM_RETRY_ATTEMPTS: Variable = Variable::new(
    "GEMINI_STREAM_RETRY_ATTEMPTS",
    "2",
    "Attempts of a streamed call, the first included; never after its first text.",
);
pub(super) const GEMINI_INGESTION_TIMEOUT_S: Variable = Variable::new(
    "GEMINI_INGESTION_TIMEOUT_S",
    "180",
    "Longest time that the provider's share of indexing one document may take.",
)
.unit("seconds");
pub(super) const AI_BREAKER_FAILURES: Variable = Variable::new(
    "AI_BREAKER_FAILURES",
    "5",
    "Failures within AI_BREAKER_SECONDS after which a provider is left alone for as long.",
);
pub(super) const AI_BREAKER_SECONDS: Variable =
    Variable::new("AI_BREAKER_SECONDS", "30", "See AI_BREAKER_FAILURES.").unit("seconds");
pub(super) const MOCK_LATENCY_MS: Variable = Variable::new(
    "MOCK_LATENCY_MS",
    "0",
    "Time that `offline` waits before each piece of its answer.",
)
.unit("milliseconds");

pub(super) const SECTION: Section = Section {
    title: "AI providers",
    about: "Timeouts and attempts hold for every provider; their names are older than that.",
    variables: &[
        GEMINI_MOCK_MODE,
        ALLOW_MOCK_IN_PROD,
        AI_PROVIDERS,
        GEMINI_API_KEY,
        GOOGLE_API_KEYS[0],
        GOOGLE_API_KEYS[1],
        GOOGLE_API_KEYS[2],
        GOOGLE_API_KEYS[3],
        GEMINI_BASE_URL,
        OPENAI_API_KEY,
        OPENAI_BASE_URL,
        OPENAI_MODEL,
        DEFAULT_MODEL,
        AI_MODELS,
        EMBEDDING_MODEL,
        GEMINI_HTTP_TIMEOUT_S,
        AI_FIRST_TOKEN_TIMEOUT_S,
        AI_IDLE_TIMEOUT_S,
        GEMINI_RETRY_ATTEMPTS,
        GEMINI_STREAM_RETRY_ATTEMPTS,
        GEMINI_INGESTION_TIMEOUT_S,
        AI_BREAKER_FAILURES,
        AI_BREAKER_SECONDS,
        MOCK_LATENCY_MS,
    ],
};

/// Providers, models and patience.
#[derive(Clone, Debug)]
pub(crate) struct AiConfig {
    /// In order of preference; never empty.
    pub(crate) providers: Vec<Provider>,
    pub(crate) allow_mock_in_production: bool,
    pub(crate) gemini: GeminiConfig,
    pub(crate) openai: OpenAiConfig,
    /// What a request may name; holds the default.
    pub(crate) models: Vec<ModelName>,
    pub(crate) default_model: ModelName,
    /// The model of each provider in the order, for a request that falls back to it.
    pub(crate) fallback_models: Vec<ModelName>,
    /// `None`: search is lexical.
    pub(crate) embedding_model: Option<ModelName>,
    pub(crate) timeouts: AiTimeouts,
    /// Attempts of a call that does not stream, the first included.
    pub(crate) attempts: u32,
    /// Attempts of a streamed call before its first text, the first included.
    pub(crate) stream_attempts: u32,
    pub(crate) breaker: BreakerConfig,
    /// What `offline` waits before each piece of its answer.
    pub(crate) mock_latency: Duration,
}

/// How Gemini is reached.
#[derive(Clone)]
pub(crate) struct GeminiConfig {
    /// Without a slash at the end.
    pub(crate) base_url: String,
    /// In order of rotation, each once.
    pub(crate) keys: Vec<SecretString>,
}

impl fmt::Debug for GeminiConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("GeminiConfig")
            .field("base_url", &self.base_url)
            .field("keys", &self.keys.len())
            .finish()
    }
}

/// How the OpenAI-compatible server is reached.
#[derive(Clone, Debug)]
pub(crate) struct OpenAiConfig {
    /// With the version path, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) key: Option<SecretString>,
}

/// How long a provider may take.
#[derive(Clone, Debug)]
pub(crate) struct AiTimeouts {
    /// A call that does not stream.
    pub(crate) call: Duration,
    /// Until the first text, the response headers included.
    pub(crate) first_token: Duration,
    /// Between two pieces of a stream.
    pub(crate) idle: Duration,
    /// The provider's share of indexing one document.
    pub(crate) ingestion: Duration,
}

/// When a failing provider is left alone.
#[derive(Clone, Debug)]
pub(crate) struct BreakerConfig {
    pub(crate) failures: u32,
    /// Within which the failures are counted, and for how long the breaker stays open.
    pub(crate) window: Duration,
}

impl AiConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let openai_base_url = reader.optional(&OPENAI_BASE_URL, parse_base_url);
        let gemini = GeminiConfig {
            base_url: reader.value(&GEMINI_BASE_URL, parse_base_url),
            keys: read_gemini_keys(reader),
        };
        let key = reader.secret(&OPENAI_API_KEY);
        let with_keys = [
            (!gemini.keys.is_empty()).then_some(Provider::Gemini),
            (key.is_some() || openai_base_url.is_some()).then_some(Provider::OpenAi),
        ];
        let providers = read_order(reader, with_keys.into_iter().flatten().collect());
        let models = read_models(reader, &providers);
        Self {
            providers,
            allow_mock_in_production: reader.flag(&ALLOW_MOCK_IN_PROD),
            gemini,
            openai: OpenAiConfig {
                base_url: openai_base_url.unwrap_or_else(|| OPENAI_BASE_URL.default.to_owned()),
                key,
            },
            models: models.offered,
            default_model: models.default,
            fallback_models: models.fallback,
            embedding_model: models.embedding,
            timeouts: AiTimeouts {
                call: reader.seconds(&GEMINI_HTTP_TIMEOUT_S, 1..=3600),
                first_token: reader.seconds(&AI_FIRST_TOKEN_TIMEOUT_S, 1..=3600),
                idle: reader.seconds(&AI_IDLE_TIMEOUT_S, 1..=3600),
                ingestion: reader.seconds(&GEMINI_INGESTION_TIMEOUT_S, 1..=86_400),
            },
            attempts: reader.integer(&GEMINI_RETRY_ATTEMPTS, 1..=10),
            stream_attempts: reader.integer(&GEMINI_STREAM_RETRY_ATTEMPTS, 1..=10),
            breaker: BreakerConfig {
                failures: reader.integer(&AI_BREAKER_FAILURES, 1..=1000),
                window: reader.seconds(&AI_BREAKER_SECONDS, 1..=3600),
            },
            mock_latency: Duration::from_millis(reader.integer(&MOCK_LATENCY_MS, 0..=60_000)),
        }
    }
}

fn read_gemini_keys(reader: &mut Reader<'_>) -> Vec<SecretString> {
    use secrecy::ExposeSecret;

    let mut keys: Vec<SecretString> = Vec::new();
    for variable in std::iter::once(GEMINI_API_KEY).chain(GOOGLE_API_KEYS) {
        if let Some(key) = reader.secret(&variable)
            && !keys
                .iter()
                .any(|known| known.expose_secret() == key.expose_secret())
        {
            keys.push(key);
        }
    }
    keys
}

fn parse_base_url(text: &str) -> Result<String, Malformed> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(Malformed::new(
            "is not a web address",
            "Use `https://host/path` or `http://…`",
        )),
    }
}
