//! The tables as types, grouped by the part that owns them. No queries, no rules.

mod nanos;

pub use nanos::Nanos;
