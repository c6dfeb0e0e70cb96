//! The order of the providers, and which models they answer with.

use std::fmt;

use super::ai::{
    AI_MODELS, AI_PROVIDERS, DEFAULT_MODEL, EMBEDDING_MODEL, GEMINI_MOCK_MODE, OPENAI_MODEL,
};
use super::reader::{Malformed, Reader, parse_list};
use super::variable::Variable;

/// The models of Gemini that are offered when AI_MODELS is not set; the first is the default.
const GEMINI_MODELS: [&str; 7] = [
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-3.0-pro-thinking",
    "gemini-2.0-flash",
    "gemini-2.0-pro",
    "gemini-1.5-pro",
    "gemini-1.5-flash",
];

/// Who can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Provider {
    Gemini,
    /// OpenAI or any server that speaks its protocol.
    OpenAi,
    /// Built in: deterministic, no network.
    Offline,
}

impl Provider {
    pub(crate) const ALL: [Self; 3] = [Self::Gemini, Self::OpenAi, Self::Offline];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::OpenAi => "openai",
            Self::Offline => "offline",
        }
    }

    /// The provider of this name, in any case.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A model of a provider, written `provider/model`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ModelName {
    pub(crate) provider: Provider,
    /// The provider's own name for it; for `offline`, the model it stands in for.
    pub(crate) name: String,
}

impl ModelName {
    pub(crate) fn new(provider: Provider, name: impl Into<String>) -> Self {
        Self {
            provider,
            name: name.into(),
        }
    }

    /// Reads `provider/model`; anything else is the bare name of a model of the first of
    /// `providers`. Where `offline` is the only provider, it stands in for the others' models.
    pub(crate) fn parse(text: &str, providers: &[Provider]) -> Self {
        let first = providers.first().copied().unwrap_or(Provider::Offline);
        let named = text
            .split_once('/')
            .and_then(|(provider, name)| Some((Provider::from_name(provider)?, name)));
        match named {
            Some((_, name)) if providers == [Provider::Offline] => Self::new(first, name),
            Some((provider, name)) => Self::new(provider, name),
            None => Self::new(first, text),
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.provider, self.name)
    }
}

/// The models that the settings name.
pub(super) struct Models {
    pub(super) offered: Vec<ModelName>,
    pub(super) default: ModelName,
    /// One for each provider of the order.
    pub(super) fallback: Vec<ModelName>,
    pub(super) embedding: Option<ModelName>,
}

/// The order of the providers: `offline` alone in mock mode, else as given, else those with keys.
/// Mock mode is on by default, but a default does not override a given AI_PROVIDERS.
pub(super) fn read_order(reader: &mut Reader<'_>, with_keys: Vec<Provider>) -> Vec<Provider> {
    let given = reader.optional(&AI_PROVIDERS, parse_order);
    let mock = reader.optional_flag(&GEMINI_MOCK_MODE);
    let order = match (mock, given) {
        (Some(true), Some(given)) => {
            if given != [Provider::Offline] {
                reader.warning(
                    &AI_PROVIDERS,
                    "is ignored, because GEMINI_MOCK_MODE=true means `offline` alone",
                );
            }
            vec![Provider::Offline]
        }
        (_, Some(given)) => given,
        (Some(false), None) => with_keys,
        (_, None) => vec![Provider::Offline],
    };
    if order.is_empty() {
        reader.problem(
            &super::ai::GEMINI_API_KEY,
            "no provider has a key, and GEMINI_MOCK_MODE is off",
            "Set GEMINI_API_KEY, OPENAI_API_KEY or OPENAI_BASE_URL, or GEMINI_MOCK_MODE=true",
        );
        return vec![Provider::Gemini];
    }
    order
}

fn parse_order(text: &str) -> Result<Vec<Provider>, Malformed> {
    let mut order = Vec::new();
    for name in parse_list(text)? {
        let provider = Provider::from_name(&name).ok_or_else(|| {
            Malformed::new(
                format!("`{name}` is not a provider"),
                "Use `gemini`, `openai` and `offline`, separated by commas",
            )
        })?;
        if !order.contains(&provider) {
            order.push(provider);
        }
    }
    if order.is_empty() {
        return Err(Malformed::new(
            "names no provider",
            "Name at least one, or unset it",
        ));
    }
    Ok(order)
}

pub(super) fn read_models(reader: &mut Reader<'_>, order: &[Provider]) -> Models {
    let openai_model = reader.text(&OPENAI_MODEL);
    let given = read_names(reader, &AI_MODELS, order);
    let default_model = reader
        .optional_text(&DEFAULT_MODEL)
        .map(|text| ModelName::parse(&text, order))
        .filter(|model| is_in_order(reader, &DEFAULT_MODEL, model, order));
    let embedding = reader
        .optional_text(&EMBEDDING_MODEL)
        .map(|text| ModelName::parse(&text, order))
        .filter(|model| is_in_order(reader, &EMBEDDING_MODEL, model, order));

    let own_model = |provider: Provider| {
        default_model
            .iter()
            .chain(&given)
            .find(|model| model.provider == provider)
            .cloned()
            .unwrap_or_else(|| match provider {
                Provider::OpenAi => ModelName::new(provider, openai_model.clone()),
                Provider::Gemini | Provider::Offline => ModelName::new(provider, GEMINI_MODELS[0]),
            })
    };
    let first = order.first().copied().unwrap_or(Provider::Offline);
    let default = default_model.clone().unwrap_or_else(|| own_model(first));
    let mut offered = if given.is_empty() {
        known_models(first, &openai_model)
    } else {
        given.clone()
    };
    if !offered.contains(&default) {
        offered.insert(0, default.clone());
    }
    Models {
        offered,
        fallback: order.iter().map(|provider| own_model(*provider)).collect(),
        default,
        embedding,
    }
}

fn known_models(provider: Provider, openai_model: &str) -> Vec<ModelName> {
    match provider {
        Provider::OpenAi => vec![ModelName::new(provider, openai_model)],
        Provider::Gemini | Provider::Offline => GEMINI_MODELS
            .into_iter()
            .map(|name| ModelName::new(provider, name))
            .collect(),
    }
}

fn read_names(reader: &mut Reader<'_>, variable: &Variable, order: &[Provider]) -> Vec<ModelName> {
    let mut names = Vec::new();
    for entry in reader.list(variable) {
        let model = ModelName::parse(&entry, order);
        if is_in_order(reader, variable, &model, order) && !names.contains(&model) {
            names.push(model);
        }
    }
    names
}

fn is_in_order(
    reader: &mut Reader<'_>,
    variable: &Variable,
    model: &ModelName,
    order: &[Provider],
) -> bool {
    let known = order.contains(&model.provider);
    if !known {
        reader.problem(
            variable,
            format!("`{model}` belongs to a provider that is not used"),
            format!(
                "Add `{}` to AI_PROVIDERS, or remove the model",
                model.provider
            ),
        );
    }
    known
}
