//! How fast an answer comes: tokens in steps of two seconds, counted without allocating.

use chrono::{DateTime, TimeDelta, Utc};
use entities::Nanos;

/// Whole steps that are shown.
const SHOWN: usize = 15;
/// One more is being filled.
const KEPT: usize = SHOWN + 1;
const STEP_MS: i64 = 2_000;

/// Counts the tokens of one answer.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    started_at: DateTime<Utc>,
    first_token_at: Option<DateTime<Utc>>,
    tokens: u64,
    /// The step that is being filled, from 0 at the start.
    step: u64,
    /// Tokens by step; step `n` stands at `n % KEPT`.
    steps: [u64; KEPT],
}

/// What a meter shows at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) tokens: u64,
    pub(super) first_token_after: Option<TimeDelta>,
    pub(super) tokens_per_s: f64,
    /// Tokens a second in whole steps, the oldest first.
    pub(super) series: Vec<f64>,
}

impl Meter {
    pub(super) fn starting_at(started_at: DateTime<Utc>) -> Self {
        Self {
            started_at,
            first_token_at: None,
            tokens: 0,
            step: 0,
            steps: [0; KEPT],
        }
    }

    /// There are `total` tokens now; a lower number than before is not believed.
    pub(super) fn reached(&mut self, total: u64, now: DateTime<Utc>) {
        let more = total.saturating_sub(self.tokens);
        if more == 0 {
            return;
        }
        self.first_token_at.get_or_insert(now);
        self.tokens = total;
        self.advance(now);
        self.steps[place(self.step)] += more;
    }

    /// Empties the steps that have begun since the last token.
    fn advance(&mut self, now: DateTime<Utc>) {
        let current = self.step_of(now);
        let passed = current.saturating_sub(self.step).min(KEPT as u64);
        for number in 0..passed {
            self.steps[place(current - number)] = 0;
        }
        self.step = self.step.max(current);
    }

    fn step_of(&self, now: DateTime<Utc>) -> u64 {
        let age = (now - self.started_at).num_milliseconds().max(0);
        u64::try_from(age / STEP_MS).unwrap_or(0)
    }

    pub(super) fn read(&self, now: DateTime<Utc>) -> Reading {
        let mut at_now = self.clone();
        at_now.advance(now);
        let whole = at_now.step.min(SHOWN as u64);
        let of_step = |back: u64| at_now.steps[place(at_now.step - back)];
        let series = (1..=whole)
            .rev()
            .map(|back| per_second(of_step(back), STEP_MS))
            .collect();
        let recent = at_now.step.min(2);
        let tokens = (0..=recent).map(of_step).sum();
        let age = (now - self.started_at).num_milliseconds().max(0);
        let span = age.rem_euclid(STEP_MS) + STEP_MS * i64::try_from(recent).unwrap_or(0);
        Reading {
            tokens: self.tokens,
            first_token_after: self.first_token_at.map(|at| at - self.started_at),
            tokens_per_s: per_second(tokens, span),
            series,
        }
    }
}

/// Where a step stands.
fn place(step: u64) -> usize {
    usize::try_from(step % KEPT as u64).unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "tokens of seconds and milliseconds of an answer stay far below 2^53"
)]
fn per_second(tokens: u64, span_ms: i64) -> f64 {
    if span_ms <= 0 {
        return 0.0;
    }
    let rate = tokens as f64 * 1_000.0 / span_ms as f64;
    (rate * 10.0).round() / 10.0
}

/// What an answer costs, as far as it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamPrice {
    /// Reserved for it.
    pub(crate) held: Nanos,
    /// Of the prompt.
    pub(crate) prompt: Nanos,
    /// Of a million tokens of output.
    pub(crate) output: Nanos,
}

impl StreamPrice {
    /// The cost of so many tokens; what has not begun to answer has cost nothing yet.
    pub(super) fn of(self, tokens: u64) -> Nanos {
        if tokens == 0 {
            return Nanos::ZERO;
        }
        let output = i128::from(tokens) * i128::from(self.output.0) / 1_000_000;
        let output = Nanos(i64::try_from(output).unwrap_or(i64::MAX));
        self.prompt.plus(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn after(ms: i64) -> DateTime<Utc> {
        start() + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn a_meter_shows_rate_and_steps() {
        let mut meter = Meter::starting_at(start());
        assert_eq!(meter.read(after(500)).first_token_after, None);
        meter.reached(20, after(1_000));
        meter.reached(80, after(2_500));
        let read = meter.read(after(4_000));
        assert_eq!(read.tokens, 80);
        assert_eq!(read.first_token_after, Some(TimeDelta::seconds(1)));
        assert_eq!(read.series, [10.0, 30.0]);
        assert!((read.tokens_per_s - 20.0).abs() < 1e-9, "{read:?}");
    }

    #[test]
    fn silence_ends_the_rate_and_leaves_empty_steps() {
        let mut meter = Meter::starting_at(start());
        meter.reached(100, after(100));
        let read = meter.read(after(60_000));
        assert_eq!(read.series, [0.0; SHOWN]);
        assert!(read.tokens_per_s.abs() < 1e-9);
        meter.reached(104, after(61_000));
        assert_eq!(meter.read(after(62_000)).series.last(), Some(&2.0));
        assert_eq!(meter.read(after(62_000)).tokens, 104);
    }

    #[test]
    fn a_lower_count_changes_nothing() {
        let mut meter = Meter::starting_at(start());
        meter.reached(10, after(100));
        meter.reached(4, after(200));
        assert_eq!(meter.read(after(300)).tokens, 10);
    }

    #[test]
    fn cost_begins_with_the_first_token() {
        let price = StreamPrice {
            held: Nanos(9_000),
            prompt: Nanos(100),
            output: Nanos(2_000_000),
        };
        assert_eq!(price.of(0), Nanos::ZERO);
        assert_eq!(price.of(10), Nanos(120));
    }
}
