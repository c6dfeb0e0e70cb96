//! Which model a caller means, and which models there are to choose from.

use std::fmt;

use super::settings::{AiSettings, AiSetupError};

/// A kind of provider. Closed, so that it can label metrics and ledger rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ProviderName {
    /// Deterministic, needs no network.
    Offline,
    /// Anything that speaks the OpenAI wire: OpenAI, Ollama, vLLM.
    OpenAi,
    /// Google's Gemini API.
    Gemini,
}

impl ProviderName {
    /// Every provider, in no particular order.
    pub(crate) const ALL: [Self; 3] = [Self::Offline, Self::OpenAi, Self::Gemini];

    /// The name in settings, in `provider/model`, in metrics and in the ledger.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
        }
    }

    /// Reads a name as it stands in `AI_PROVIDERS`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str().eq_ignore_ascii_case(name.trim()))
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One model of one provider; shown as `provider/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ModelRef {
    pub(crate) provider: ProviderName,
    /// As the provider knows it; prices are looked up by this name.
    pub(crate) name: String,
}

impl ModelRef {
    pub(crate) fn new(provider: ProviderName, name: impl Into<String>) -> Self {
        let name = name.into();
        Self { provider, name }
    }

    /// Reads `provider/model`; a name without a known provider in front belongs to `first`.
    /// A model's own name may contain slashes (`openai/meta-llama/Llama-3`).
    pub(crate) fn parse(text: &str, first: ProviderName) -> Option<Self> {
        let text = text.trim();
        let (provider, name) = match text.split_once('/') {
            Some((prefix, rest)) => match ProviderName::parse(prefix) {
                Some(provider) => (provider, rest.trim()),
                None => (first, text),
            },
            None => (first, text),
        };
        let printable = !name.is_empty()
            && name.len() <= 128
            && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        printable.then(|| Self::new(provider, name))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.provider, self.name)
    }
}

/// A model that callers may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelChoice {
    pub(crate) model: ModelRef,
    /// What a client sends to choose it: bare for the first provider, else `provider/name`.
    pub(crate) id: String,
    /// True for the one that is used when a client names none.
    pub(crate) is_default: bool,
}

/// The models that may be asked for, and each provider's default.
#[derive(Debug, Clone)]
pub(crate) struct Models {
    order: Vec<ProviderName>,
    choices: Vec<ModelChoice>,
    default: ModelRef,
    defaults: Vec<ModelRef>,
}

/// The contract's models, offered by a first provider that serves Gemini's names when `AI_MODELS`
/// lists none of its models.
const GEMINI_MODELS: [&str; 7] = [
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3.0-pro-thinking",
    "gemini-2.0-flash",
    "gemini-2.0-pro",
    "gemini-1.5-pro",
    "gemini-1.5-flash",
];
const OPENAI_MODEL: &str = "gpt-4o-mini";

impl Models {
    /// Puts the list together from `AI_PROVIDERS`, `AI_MODELS` and `DEFAULT_MODEL`.
    pub(crate) fn new(settings: &AiSettings) -> Result<Self, AiSetupError> {
        let order = settings.order.clone();
        let first = *order.first().ok_or(AiSetupError::NoProvider)?;
        let parse = |variable: &'static str, text: &str| {
            let model = ModelRef::parse(text, first).ok_or(AiSetupError::BadModel { variable })?;
            if order.contains(&model.provider) {
                return Ok(model);
            }
            let provider = model.provider;
            Err(AiSetupError::ModelWithoutProvider { variable, provider })
        };
        let default = parse("DEFAULT_MODEL", &settings.default_model)?;
        let mut models = vec![default.clone()];
        for text in &settings.models {
            models.push(parse("AI_MODELS", text)?);
        }
        let defaults: Vec<ModelRef> = order
            .iter()
            .map(|provider| default_of(*provider, &models, &default))
            .collect();
        if first != ProviderName::OpenAi && settings.models.is_empty() {
            models.extend(GEMINI_MODELS.map(|name| ModelRef::new(first, name)));
        }
        models.extend(defaults.iter().cloned());
        let mut choices: Vec<ModelChoice> = Vec::new();
        for model in models {
            if choices.iter().any(|choice| choice.model == model) {
                continue;
            }
            let id = if model.provider == first {
                model.name.clone()
            } else {
                model.to_string()
            };
            let is_default = model == default;
            choices.push(ModelChoice {
                model,
                id,
                is_default,
            });
        }
        Ok(Self {
            order,
            choices,
            default,
            defaults,
        })
    }

    /// What `GET /api/models` lists, the default first.
    pub(crate) fn choices(&self) -> &[ModelChoice] {
        &self.choices
    }

    /// The model of `DEFAULT_MODEL`.
    pub(crate) fn default_model(&self) -> &ModelRef {
        &self.default
    }

    /// The model that a client named, when it is on the list.
    pub(crate) fn find(&self, text: &str) -> Option<&ModelRef> {
        let wanted = ModelRef::parse(text, *self.order.first()?)?;
        self.choices
            .iter()
            .map(|choice| &choice.model)
            .find(|model| **model == wanted)
    }

    /// Who may come to answer when `model` is asked for, in the order in which they are tried:
    /// the model itself, then every other provider's default in the configured order.
    /// A hold must cover the dearest of them.
    pub(crate) fn chain(&self, model: &ModelRef) -> Vec<ModelRef> {
        let others = self
            .defaults
            .iter()
            .filter(|other| other.provider != model.provider);
        std::iter::once(model).chain(others).cloned().collect()
    }
}

/// The first listed model of the provider, else one that it is known to have. `offline` stands in
/// for the default model, so that it is priced like it.
fn default_of(provider: ProviderName, models: &[ModelRef], default: &ModelRef) -> ModelRef {
    if let Some(listed) = models.iter().find(|model| model.provider == provider) {
        return listed.clone();
    }
    let name = match provider {
        ProviderName::Offline => default.name.as_str(),
        ProviderName::OpenAi => OPENAI_MODEL,
        ProviderName::Gemini => GEMINI_MODELS[0],
    };
    ModelRef::new(provider, name)
}

impl From<&crate::platform::config::ModelName> for ModelRef {
    fn from(model: &crate::platform::config::ModelName) -> Self {
        Self::new(model.provider.into(), model.name.clone())
    }
}

impl From<crate::platform::config::Provider> for ProviderName {
    fn from(provider: crate::platform::config::Provider) -> Self {
        use crate::platform::config::Provider;
        match provider {
            Provider::Gemini => Self::Gemini,
            Provider::OpenAi => Self::OpenAi,
            Provider::Offline => Self::Offline,
        }
    }
}
