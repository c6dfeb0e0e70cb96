//! Several keys in rotation: one that is refused or limited rests while the others serve.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use crate::platform::ai::error::ErrorKind;
use crate::platform::ai::model::ProviderName;
use crate::platform::ai::observer::AiObserver;
use crate::platform::ai::settings::{AiSetupError, ApiKey};
use crate::platform::ai::standing::KeyStanding;

/// How long a key rests that was limited without being told how long.
const AFTER_RATE: Duration = Duration::from_mins(1);
/// How long a key rests that was refused or has used up its quota.
const AFTER_REFUSAL: Duration = Duration::from_mins(10);

/// One key, ready to send.
pub(super) struct Slot {
    label: String,
    pub(super) header: HeaderValue,
}

struct Rest {
    current: usize,
    until: Vec<Option<Instant>>,
    used: Vec<Used>,
}

/// What a key was used for since the process began.
#[derive(Clone, Copy, Default)]
struct Used {
    calls: u64,
    limited: u64,
}

/// The keys and which of them rest.
pub(in crate::platform::ai) struct KeyPool {
    slots: Vec<Slot>,
    rest: Mutex<Rest>,
    observer: Arc<dyn AiObserver>,
}

impl KeyPool {
    pub(super) fn new(
        keys: &[ApiKey],
        observer: Arc<dyn AiObserver>,
    ) -> Result<Self, AiSetupError> {
        let mut slots = Vec::new();
        for key in keys {
            let header = super::secret_header(&key.label, key.secret.expose_secret())?;
            slots.push(Slot {
                label: key.label.clone(),
                header,
            });
        }
        if slots.is_empty() {
            return Err(AiSetupError::NoGeminiKey);
        }
        let rest = Mutex::new(Rest {
            current: 0,
            until: vec![None; slots.len()],
            used: vec![Used::default(); slots.len()],
        });
        Ok(Self {
            slots,
            rest,
            observer,
        })
    }

    /// The order in which to try the keys for one call: those that are rested, from the current one
    /// on. When all rest, the current one alone: the provider decides.
    pub(super) fn order(&self) -> Vec<usize> {
        let now = Instant::now();
        let rest = self.rest.lock();
        let count = self.slots.len();
        let turn = (0..count).map(|step| (rest.current + step) % count);
        let fresh: Vec<usize> = turn
            .filter(|slot| rest.until[*slot].is_none_or(|until| until <= now))
            .collect();
        if fresh.is_empty() {
            vec![rest.current]
        } else {
            fresh
        }
    }

    pub(super) fn slot(&self, index: usize) -> &Slot {
        &self.slots[index]
    }

    /// The key served: it stays the current one.
    pub(super) fn served(&self, index: usize) {
        let mut rest = self.rest.lock();
        rest.current = index;
        rest.until[index] = None;
        rest.used[index].calls += 1;
    }

    /// Sets the current key aside for the next one. Answers whether there is another.
    pub(in crate::platform::ai) fn rotate(&self) -> bool {
        let mut rest = self.rest.lock();
        if self.slots.len() < 2 {
            return false;
        }
        let left = rest.current;
        rest.current = (left + 1) % self.slots.len();
        drop(rest);
        self.observer
            .key_rotated(ProviderName::Gemini, &self.slots[left].label);
        true
    }

    /// The keys as operators see them.
    pub(in crate::platform::ai) fn standing(&self) -> Vec<KeyStanding> {
        let now = Instant::now();
        let rest = self.rest.lock();
        let slots = self.slots.iter().enumerate();
        slots
            .map(|(index, slot)| KeyStanding {
                label: slot.label.clone(),
                current: index == rest.current,
                calls: rest.used[index].calls,
                limited: rest.used[index].limited,
                rests_for: rest.until[index]
                    .map(|until| until.saturating_duration_since(now))
                    .filter(|left| !left.is_zero()),
            })
            .collect()
    }

    /// Lets the key rest if the failure is one of the key's; says whether another key may do better.
    pub(super) fn failed(&self, index: usize, kind: ErrorKind) -> bool {
        let pause = match kind {
            ErrorKind::Rate { retry_after } => retry_after.unwrap_or(AFTER_RATE),
            ErrorKind::Quota | ErrorKind::Auth => AFTER_REFUSAL,
            _ => return false,
        };
        {
            let used = &mut self.rest.lock().used[index];
            used.calls += 1;
            used.limited += 1;
        }
        if self.slots.len() > 1 {
            self.rest.lock().until[index] = Some(Instant::now() + pause);
            self.observer
                .key_rotated(ProviderName::Gemini, &self.slots[index].label);
        }
        true
    }
}
