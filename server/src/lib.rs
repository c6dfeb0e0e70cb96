//! Binnacle: a self-hosted AI workspace, one server you can see inside.

mod features;
mod platform;
