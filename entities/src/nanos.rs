//! Money: nano-dollars as an integer, so that sums are exact and rounding is decided once.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// An amount in nano-dollars (1e-9 USD). Arithmetic saturates and never wraps.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
)]
#[serde(transparent)]
pub struct Nanos(pub i64);

impl Nanos {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest representable amount, about 9.2 billion dollars.
    pub const MAX: Self = Self(i64::MAX);
    /// One dollar.
    pub const DOLLAR: Self = Self(1_000_000_000);

    /// The sum, saturating at the bounds.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, saturating at the bounds; may be negative.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The amount as dollars for the wire: nanos / 1e9, unrounded.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the wire carries dollars as a JSON number"
    )]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Dollars given as a decimal number, rounded to the nearest nano-dollar.
    ///
    /// `None` when the number is not finite or does not fit.
    #[must_use]
    pub fn from_usd(dollars: f64) -> Option<Self> {
        let nanos = (dollars * 1e9).round();
        // 2^63 is the first float beyond the range.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked first"
        )]
        (nanos.is_finite() && nanos.abs() < 9.223_372_036_854_775e18).then_some(Self(nanos as i64))
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl std::fmt::Display for Nanos {
    /// Dollars with as many digits as the amount has, at least two: `$0.000042`, `$1.50`.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let fraction = format!("{:09}", units % 1_000_000_000);
        let digits = fraction.trim_end_matches('0').len().max(2);
        write!(
            out,
            "{sign}${}.{}",
            units / 1_000_000_000,
            &fraction[..digits]
        )
    }
}
