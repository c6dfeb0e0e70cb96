//! Rates, ratios and percentiles of this process, reckoned from the values that `/metrics` shows, so
//! that the console and Prometheus agree.
//!
//! A sample is taken every ten seconds, and every second while somebody looks. A rate is the
//! difference of two samples over the time between them.

mod buckets;
mod sample;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use buckets::Quantiles;
pub(crate) use window::{ProviderRates, RateStep, Rates, STEP};
