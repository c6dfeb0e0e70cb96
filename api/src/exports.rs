//! Everything of a user in one file.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::{Enum, Object};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Whether an export can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Enum), oai(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    /// Its job is not done.
    Pending,
    /// It can be fetched.
    Ready,
    /// Its job gave up; ask again.
    Failed,
}

/// A zip of everything of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Export {
    pub id: i64,
    pub state: ExportState,
    /// The job that writes it.
    pub job_id: Uuid,
    /// `null` until it is ready.
    pub size_bytes: Option<i64>,
    /// Hexadecimal; `null` until it is ready.
    pub sha256: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// When it is deleted; `null`: never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A user's exports, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Exports {
    pub items: Vec<Export>,
}
