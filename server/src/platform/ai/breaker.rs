//! Stops asking a provider that keeps failing, and finds out carefully when it is well again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::error::ErrorKind;
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
    /// Since when it is in its state; `None`: from the start.
    since: Mutex<Option<Instant>>,
    last_error: Mutex<Option<(Instant, ErrorKind)>>,
}

/// A breaker as operators see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerStanding {
    pub(crate) state: BreakerState,
    /// For how long it has been so; `None`: from the start.
    pub(crate) for_so_long: Option<Duration>,
    /// When an open one lets a call through.
    pub(crate) half_open_in: Option<Duration>,
    /// What went wrong last, and how long ago.
    pub(crate) last_error: Option<(Duration, ErrorKind)>,
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
            since: Mutex::new(None),
            last_error: Mutex::new(None),
        }
    }

    /// The state now and what led to it.
    pub(crate) fn standing(&self) -> BreakerStanding {
        let state = self.state();
        let half_open_in = match &*self.position.lock() {
            Position::Open { until } if state == BreakerState::Open => {
                Some(until.saturating_duration_since(Instant::now()))
            }
            _ => None,
        };
        BreakerStanding {
            state,
            for_so_long: self.since.lock().map(|since| since.elapsed()),
            half_open_in,
            last_error: self
                .last_error
                .lock()
                .map(|(at, kind)| (at.elapsed(), kind)),
        }
    }

    /// Lets every call through again.
    pub(crate) fn reset(&self) {
        *self.position.lock() = Position::Closed {
            failures: VecDeque::new(),
        };
        self.changed(BreakerState::Closed);
    }

    fn changed(&self, state: BreakerState) {
        *self.since.lock() = Some(Instant::now());
        self.observer.breaker(self.provider, state);
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
                self.changed(BreakerState::HalfOpen);
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
        self.changed(BreakerState::Open);
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
            self.breaker.changed(BreakerState::Closed);
        }
    }

    /// Keeps what went wrong, whosever fault it is.
    pub(crate) fn erred(&self, kind: ErrorKind) {
        *self.breaker.last_error.lock() = Some((Instant::now(), kind));
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
