//! What every feature inherits: time, settings, stores, the edge, identity, money, jobs, streams.
//! Nothing here knows a feature by name.

pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod db;
pub(crate) mod entropy;
pub(crate) mod retrieval;
pub(crate) mod tasks;
pub(crate) mod telemetry;
