//! The one clock of the console, and its one source of chance.

use std::time::Instant;

use chrono::Utc;

use crate::message::Now;

/// Tells the time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
}

impl Clock {
    pub fn start() -> Clock {
        Clock {
            began: Instant::now(),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the console's one reader of the clock"
    )]
    pub fn now(&self) -> Now {
        Now {
            utc: Utc::now(),
            ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// A word that no other run has.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the console's one source of chance"
)]
pub fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A number of 0 to 1 that differs from console to console.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the console's one source of chance"
)]
pub fn jitter() -> f64 {
    let (high, _) = uuid::Uuid::new_v4().as_u64_pair();
    let top = u32::try_from(high >> 32).unwrap_or(0);
    f64::from(top) / f64::from(u32::MAX)
}
