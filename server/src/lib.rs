//! Binnacle: a self-hosted AI workspace, one server you can see inside.
//!
//! Data flows one way: `cli -> app -> routes -> features -> platform -> entities, api`.

pub mod app;
pub mod cli;
pub mod eval;
mod features;
mod platform;
mod routes;
