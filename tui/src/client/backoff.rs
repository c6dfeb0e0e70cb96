//! How long to wait before asking again.

use std::time::Duration;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 15_000;

/// From half a second to fifteen, doubled each time.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next pause. `jitter` of 0 to 1 takes up to half of it away, so that many consoles do not
    /// come back at once.
    pub fn next(&mut self, jitter: f64) -> Duration {
        let full = FIRST_MS
            .saturating_mul(1_u64.checked_shl(self.failures).unwrap_or(u64::MAX))
            .min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(full).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// It went well.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_start_over() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..7).map(|_| backoff.next(0.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        backoff.reset();
        assert_eq!(backoff.next(1.0).as_millis(), 250);
        for _ in 0..200 {
            assert!(backoff.next(0.0).as_millis() <= 15_000);
        }
    }
}
