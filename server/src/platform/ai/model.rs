//! Which models there are to choose from, and who answers in place of whom.

use super::settings::AiSettings;

pub(crate) use crate::platform::config::{ModelName as ModelRef, Provider as ProviderName};

/// A model that callers may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelChoice {
    pub(crate) model: ModelRef,
    /// What a client sends to choose it: bare for the first provider, else `provider/name`.
    pub(crate) id: String,
    /// True for the one that is used when a client names none.
    pub(crate) is_default: bool,
}

/// The models that may be asked for, and each provider's own.
#[derive(Debug, Clone)]
pub(crate) struct Models {
    order: Vec<ProviderName>,
    choices: Vec<ModelChoice>,
    default: ModelRef,
    fallbacks: Vec<ModelRef>,
}

impl Models {
    pub(super) fn new(settings: &AiSettings) -> Self {
        let default = settings.default_model.clone();
        let others = settings.models.iter().filter(|model| **model != default);
        let choices = std::iter::once(&default).chain(others).map(|model| {
            let of_first = settings.order.first() == Some(&model.provider);
            let id = if of_first {
                model.name.clone()
            } else {
                model.to_string()
            };
            ModelChoice {
                model: model.clone(),
                id,
                is_default: *model == default,
            }
        });
        Self {
            order: settings.order.clone(),
            choices: choices.collect(),
            fallbacks: settings.fallback_models.clone(),
            default,
        }
    }

    /// What `GET /api/models` lists, the default first.
    pub(crate) fn choices(&self) -> &[ModelChoice] {
        &self.choices
    }

    /// The model of `DEFAULT_MODEL`.
    pub(crate) fn default_model(&self) -> &ModelRef {
        &self.default
    }

    /// A provider's own model: the default where that is its, else what it falls back to.
    pub(crate) fn own_of(&self, provider: ProviderName) -> Option<&ModelRef> {
        std::iter::once(&self.default)
            .chain(&self.fallbacks)
            .find(|model| model.provider == provider)
    }

    /// The model that a client named, when it is on the list.
    pub(crate) fn find(&self, text: &str) -> Option<&ModelRef> {
        let wanted = ModelRef::parse(text.trim(), &self.order);
        self.choices
            .iter()
            .map(|choice| &choice.model)
            .find(|model| **model == wanted)
    }

    /// Who may come to answer when `model` is asked for, in the order in which they are tried:
    /// the model itself, then every other provider's own in the configured order.
    /// A hold must cover the dearest of them.
    pub(crate) fn chain(&self, model: &ModelRef) -> Vec<ModelRef> {
        let others = self
            .fallbacks
            .iter()
            .filter(|other| other.provider != model.provider);
        std::iter::once(model).chain(others).cloned().collect()
    }
}
