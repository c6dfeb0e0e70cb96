//! What the parts of the platform report, turned into metrics.
//!
//! Each part tells an observer what happened and knows no metric; the catalogue knows no part.
//! Here the two meet.

mod ai;
mod auth;
mod budgets;
mod db;
mod edge;
mod jobs;
#[cfg(test)]
mod tests;

use super::{
    ai::{BreakerState, ProviderName},
    limits::LimitClass,
    telemetry::Telemetry,
};

/// The one implementation of every observer outside tests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Observers(Telemetry);

const ALLOWED: &str = "allowed";
const REFUSED: &str = "refused";

impl Observers {
    /// Observers that record in `telemetry`, with the series that the catalogue cannot know by
    /// itself at 0: limits by class and decision.
    pub(crate) fn new(telemetry: Telemetry) -> Self {
        let limited = LimitClass::ALL
            .into_iter()
            .filter(|class| *class != LimitClass::Exempt);
        for class in limited {
            for decision in [ALLOWED, REFUSED] {
                telemetry
                    .ratelimit_decisions
                    .add([class.name(), decision], 0);
            }
            telemetry.ratelimit_fallbacks.add([class.name()], 0);
        }
        Self(telemetry)
    }

    /// The series of these kinds of jobs, at 0; call it when all kinds are registered.
    pub(crate) fn expect_jobs(&self, kinds: &[&str]) {
        jobs::expect(&self.0, kinds);
    }

    /// The state that a provider's circuit breaker is in: 1 for it, 0 for the others.
    pub(crate) fn breaker_is(&self, provider: ProviderName, state: BreakerState) {
        for other in BreakerState::ALL {
            let level = if other == state { 1.0 } else { 0.0 };
            self.0
                .provider_breaker_state
                .set([provider.as_str(), other.as_str()], level);
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the tokens of one call and the bytes of one file stay far below 2^53"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
