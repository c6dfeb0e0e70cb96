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
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of the contract's body"
)]
pub struct Ready {
    /// Whether the database accepts writes.
    pub database: bool,
    /// Whether the object store takes files and its disk has room.
    pub storage: bool,
    /// `true` also when no Redis is configured. Requests are served without it.
    pub redis: bool,
    /// Whether the server stops and takes nothing new.
    pub draining: bool,
}

/// The process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Live {
    /// Always `ok`.
    pub status: String,
}

/// Readiness by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ReadyChecks {
    /// `ok` or `degraded`.
    pub status: String,
    pub time: DateTime<Utc>,
    /// Whether the server stops and takes nothing new.
    pub draining: bool,
    pub checks: Checks,
}

/// What each part said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Checks {
    pub database: Check,
    pub queue: Check,
    pub redis: Check,
    pub storage: Check,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object), oai(rename = "ReadyCheck"))]
pub struct Check {
    /// `ok`, `error`, or `skipped` for what is not configured.
    pub status: String,
    /// What is wrong, unless it is `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
