//! Stops asking a provider that keeps failing, and finds out carefully when it is well again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::model::ProviderName;
use super::observer::AiObserver;
use super::settings::BreakerSettings;

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakerState {
    /// Every call.
    Closed,
    /// None.
    Open,
    /// One call, to see whether the provider is well again.
    HalfOpen,
}

impl BreakerState {
    /// Every state, for gauges that show one series per state.
    pub(crate) const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

enum Position {
    Closed { failures: VecDeque<Instant> },
    Open { until: Instant },
    HalfOpen { probing: bool },
}

/// The circuit breaker of one provider.
pub(crate) struct Breaker {
    provider: ProviderName,
    settings: BreakerSettings,
    observer: Arc<dyn AiObserver>,
    position: Mutex<Position>,
}

/// Leave to make one call. Its end must be reported; dropping it says that the call ended without
/// telling anything about the provider.
pub(crate) struct Permit {
    breaker: Arc<Breaker>,
    probe: bool,
    reported: bool,
}

impl Breaker {
    pub(crate) fn new(
        provider: ProviderName,
        settings: BreakerSettings,
        observer: Arc<dyn AiObserver>,
    ) -> Self {
        let position = Mutex::new(Position::Closed {
            failures: VecDeque::new(),
        });
        Self {
            provider,
            settings,
            observer,
            position,
        }
    }

    /// The state now. An open breaker whose time has passed shows as half-open.
    pub(crate) fn state(&self) -> BreakerState {
        match &*self.position.lock() {
            Position::Closed { .. } => BreakerState::Closed,
            Position::Open { until } if Instant::now() < *until => BreakerState::Open,
            Position::Open { .. } | Position::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks for leave to call; refused with the time until it is worth asking again.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Permit, Duration> {
        let mut position = self.position.lock();
        let probe = match &mut *position {
            Position::Closed { .. } => false,
            Position::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(left);
                }
                *position = Position::HalfOpen { probing: true };
                self.observer.breaker(self.provider, BreakerState::HalfOpen);
                true
            }
            Position::HalfOpen { probing: true } => return Err(Duration::from_secs(1)),
            Position::HalfOpen { probing } => {
                *probing = true;
                true
            }
        };
        drop(position);
        Ok(Permit {
            breaker: Arc::clone(self),
            probe,
            reported: false,
        })
    }

    fn open(&self, position: &mut Position) {
        *position = Position::Open {
            until: Instant::now() + self.settings.open_for,
        };
        self.observer.breaker(self.provider, BreakerState::Open);
    }
}

impl Permit {
    /// The provider answered: it is well.
    pub(crate) fn succeeded(&mut self) {
        self.reported = true;
        let mut position = self.breaker.position.lock();
        if self.probe && matches!(*position, Position::HalfOpen { .. }) {
            *position = Position::Closed {
                failures: VecDeque::new(),
            };
            self.breaker
                .observer
                .breaker(self.breaker.provider, BreakerState::Closed);
        }
    }

    /// The provider failed; may follow a success when an answer breaks off.
    pub(crate) fn failed(&mut self) {
        self.reported = true;
        let now = Instant::now();
        let mut position = self.breaker.position.lock();
        match &mut *position {
            Position::Closed { failures } => {
                failures.push_back(now);
                let BreakerSettings {
                    failures: most,
                    window,
                    ..
                } = self.breaker.settings;
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                while failures
                    .front()
                    .is_some_and(|at| now.duration_since(*at) > window)
                {
                    failures.pop_front();
                }
                if failures.len() >= most {
                    self.breaker.open(&mut position);
                }
            }
            Position::HalfOpen { .. } if self.probe => self.breaker.open(&mut position),
            Position::HalfOpen { .. } | Position::Open { .. } => {}
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.probe || self.reported {
            return;
        }
        if let Position::HalfOpen { probing } = &mut *self.breaker.position.lock() {
            *probing = false;
        }
    }
}
