//! The model side: how it stands, and what admins do to it.

use std::time::Duration;

use api::console as wire;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Engine, error::EngineError, pulse, reading::whole};
use crate::platform::{
    ai::{BreakerState, ProviderName, ProviderStanding},
    audit::{Act, By},
};

impl Engine {
    /// Every provider, in the order of preference.
    pub(super) fn providers(&self) -> Vec<wire::Provider> {
        let standings = self.0.parts.gateway.standing();
        standings
            .iter()
            .map(|standing| self.provider(standing))
            .collect()
    }

    fn provider(&self, standing: &ProviderStanding) -> wire::Provider {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let rates = parts.rates.provider(standing.name.as_str());
        let breaker = standing.breaker;
        let ago = |since: Duration| now - TimeDelta::from_std(since).unwrap_or_default();
        let ahead = |wait: Duration| now + TimeDelta::from_std(wait).unwrap_or_default();
        let series = rates.series.iter();
        let missing = 60_usize.saturating_sub(rates.series.len());
        let series = std::iter::repeat_n(None, missing)
            .chain(series.map(|mean| mean.map(|seconds| pulse::tenth(seconds * 1_000.0))));
        wire::Provider {
            name: standing.name.as_str().to_owned(),
            uses: self.uses(standing),
            state: match breaker.state {
                BreakerState::Closed => wire::BreakerState::Closed,
                BreakerState::Open => wire::BreakerState::Open,
                BreakerState::HalfOpen => wire::BreakerState::HalfOpen,
            },
            since_at: breaker.for_so_long.map(|since| rounded(ago(since))),
            half_open_at: breaker.half_open_in.map(|wait| rounded(ahead(wait))),
            simulated: standing.simulated,
            calls: whole(rates.calls).unwrap_or(i64::MAX),
            error_ratio: rates.error_ratio,
            latency_ms: pulse::milliseconds(rates.latency),
            first_token_ms: pulse::milliseconds(rates.first_token),
            spend_nanos: whole(rates.spend_nanos).unwrap_or(i64::MAX),
            series: series.collect(),
            last_error: breaker.last_error.map(|(since, kind)| wire::ProviderError {
                at: rounded(ago(since)),
                class: kind.as_str().to_owned(),
            }),
            slots: standing
                .keys
                .iter()
                .map(|key| wire::KeySlot {
                    label: key.label.clone(),
                    state: match (key.rests_for, key.current) {
                        (Some(_), _) => wire::KeySlotState::Cooling,
                        (None, true) => wire::KeySlotState::InUse,
                        (None, false) => wire::KeySlotState::Ready,
                    },
                    calls: i64::try_from(key.calls).unwrap_or(i64::MAX),
                    limited: i64::try_from(key.limited).unwrap_or(i64::MAX),
                    cools_until: key.rests_for.map(|wait| rounded(ahead(wait))),
                })
                .collect(),
        }
    }

    fn uses(&self, standing: &ProviderStanding) -> Vec<wire::ProviderUse> {
        let chat = standing.chat_model.clone().map(|model| wire::ProviderUse {
            capability: "chat".to_owned(),
            place: i64::try_from(standing.place).unwrap_or(i64::MAX),
            model: Some(model),
        });
        let embedder = self.0.parts.embedder.as_ref();
        let embedding = embedder
            .filter(|model| model.provider == standing.name)
            .map(|model| wire::ProviderUse {
                capability: "embedding".to_owned(),
                place: 1,
                model: Some(model.name.clone()),
            });
        chat.into_iter().chain(embedding).collect()
    }

    pub(super) fn named(&self, name: &str) -> Result<ProviderName, EngineError> {
        let standings = self.0.parts.gateway.standing();
        let found = standings
            .iter()
            .find(|standing| standing.name.as_str() == name);
        found
            .map(|standing| standing.name)
            .ok_or(EngineError::NoProvider)
    }

    fn one(&self, name: ProviderName) -> Result<wire::Provider, EngineError> {
        let standings = self.0.parts.gateway.standing();
        let found = standings.iter().find(|standing| standing.name == name);
        found
            .map(|standing| self.provider(standing))
            .ok_or(EngineError::NoProvider)
    }

    /// Lets calls through again.
    pub(super) async fn reset_provider(
        &self,
        by: &By,
        name: &str,
    ) -> Result<(wire::Provider, i64), EngineError> {
        let name = self.named(name)?;
        let before = self.one(name)?.state;
        let act = on_provider("reset_provider", name).with("from", before.word());
        let entry = self.0.parts.audit.record_act(by, act).await?;
        self.0.parts.gateway.reset_breaker(name);
        Ok((self.one(name)?, entry))
    }

    /// Takes the next key.
    pub(super) async fn rotate_key(
        &self,
        by: &By,
        name: &str,
    ) -> Result<(wire::Provider, i64), EngineError> {
        let name = self.named(name)?;
        if self.one(name)?.slots.len() < 2 {
            return Err(EngineError::NoOtherKey(name));
        }
        let act = on_provider("rotate_key", name);
        let entry = self.0.parts.audit.record_act(by, act).await?;
        self.0.parts.gateway.rotate_key(name);
        Ok((self.one(name)?, entry))
    }
}

pub(super) fn on_provider(action: &'static str, name: ProviderName) -> Act {
    Act::on(action, "provider", name.as_str())
}

/// Whole seconds: what is reckoned back from a duration would tremble from look to look.
fn rounded(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp((at.timestamp_millis() + 500).div_euclid(1_000), 0).unwrap_or(at)
}
