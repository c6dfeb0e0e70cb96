//! Binnacle: a self-hosted AI workspace, one server you can see inside.

pub mod eval;
mod features;
mod platform;
