//! Health.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// Whether the house is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    pub time: DateTime<Utc>,
    pub database: bool,
    /// Whether an AI provider can be reached.
    pub gemini_api: bool,
    /// `true` also when no Redis is configured.
    pub redis: bool,
    pub version: String,
}

/// Whether requests can be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Ready {
    pub database: bool,
    pub redis: bool,
}

/// The process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Live {
    /// Always `ok`.
    pub status: String,
}

/// Readiness by check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ReadyChecks {
    /// `ok` or `degraded`.
    pub status: String,
    pub checks: Checks,
}

/// `ok` or `error` for each part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Checks {
    pub database: String,
    pub queue: String,
    pub redis: String,
    pub storage: String,
}
