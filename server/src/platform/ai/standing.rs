//! The providers as operators see them, and what operators do to them.

use std::time::Duration;

use super::{
    Answer, ChatRequest, Gateway, ModelRef, ProviderError, ProviderName, TokenBound,
    breaker::BreakerStanding, providers::Provider,
};
use crate::platform::budgets::Hold;

/// A key, by its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyStanding {
    pub(crate) label: String,
    /// The next call takes it.
    pub(crate) current: bool,
    pub(crate) calls: u64,
    pub(crate) limited: u64,
    pub(crate) rests_for: Option<Duration>,
}

/// A provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderStanding {
    pub(crate) name: ProviderName,
    /// From 1 in the order of preference.
    pub(crate) place: usize,
    /// What answers when a request falls back to it.
    pub(crate) chat_model: Option<String>,
    pub(crate) breaker: BreakerStanding,
    /// Each delta waits, to look like a network.
    pub(crate) simulated: bool,
    pub(crate) keys: Vec<KeyStanding>,
}

impl Provider {
    fn keys(&self) -> Vec<KeyStanding> {
        match self {
            Self::Gemini(gemini) => gemini.keys().standing(),
            Self::Offline(_) | Self::OpenAi(_) => Vec::new(),
        }
    }

    fn simulated(&self) -> bool {
        match self {
            Self::Offline(offline) => offline.is_slowed(),
            Self::Gemini(_) | Self::OpenAi(_) => false,
        }
    }
}

impl Gateway {
    /// Every provider, in the order of preference.
    pub(crate) fn standing(&self) -> Vec<ProviderStanding> {
        let routes = self.router.routes().iter().zip(1..);
        routes
            .map(|(route, place)| {
                let name = route.provider.name();
                ProviderStanding {
                    name,
                    place,
                    chat_model: self.models.own_of(name).map(|model| model.name.clone()),
                    breaker: route.breaker.standing(),
                    simulated: route.provider.simulated(),
                    keys: route.provider.keys(),
                }
            })
            .collect()
    }

    /// Lets calls to a provider through again. `false`: it is not configured.
    pub(crate) fn reset_breaker(&self, name: ProviderName) -> bool {
        let route = self.router.of(name);
        if let Some(route) = route {
            route.breaker.reset();
        }
        route.is_some()
    }

    /// Takes a provider's next key. `None`: it is not configured; `false`: it has no other key.
    pub(crate) fn rotate_key(&self, name: ProviderName) -> Option<bool> {
        Some(match &self.router.of(name)?.provider {
            Provider::Gemini(gemini) => gemini.keys().rotate(),
            Provider::Offline(_) | Provider::OpenAi(_) => false,
        })
    }

    /// The smallest question that a provider can be asked, and what it may use at the most. `None`:
    /// the provider is not configured, or answers no questions.
    pub(crate) fn probe_question(&self, name: ProviderName) -> Option<(ChatRequest, TokenBound)> {
        self.router.of(name)?;
        let request = ChatRequest {
            model: self.models.own_of(name)?.clone(),
            system: None,
            history: Vec::new(),
            question: "Answer with the word: yes".to_owned(),
            passages: Vec::new(),
            max_output_tokens: PROBE_OUTPUT_TOKENS,
        };
        Some(Self::prepare(request))
    }

    /// Asks one provider alone: nobody answers in its place.
    pub(crate) async fn ask_one(
        &self,
        _hold: &Hold,
        request: ChatRequest,
    ) -> Result<Answer, ProviderError> {
        let only: [ModelRef; 1] = [request.model.clone()];
        self.router.chat(&only, &request).await
    }
}

/// Enough for a word, with room for a model that thinks first.
const PROBE_OUTPUT_TOKENS: u32 = 64;
