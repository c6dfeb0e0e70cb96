//! Stores and documents.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// A named collection of documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Store {
    pub id: i64,
    pub display_name: String,
    /// Unique across the house.
    pub fs_name: String,
}

/// What makes a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct CreateStore {
    /// 1 to 100 characters.
    pub display_name: String,
}

/// A document and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Document {
    pub id: i64,
    pub store_id: i64,
    /// The uploaded file's name, made safe.
    pub filename: String,
    pub display_name: Option<String>,
    /// `PENDING`, `RUNNING`, `DONE` or `ERROR`.
    pub status: String,
    pub size_bytes: i64,
    pub created_at: DateTime<Utc>,
    pub gcs_uri: Option<String>,
    /// Found in the content.
    pub media_type: String,
    /// Known once the document is `DONE`, where the format has pages.
    pub page_count: Option<i32>,
    /// Why the document is in `ERROR`.
    pub error: Option<String>,
}

/// The answer to a deletion: hidden now, purged when its time has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct DeletionScheduled {
    /// Always `deletion_scheduled`.
    pub status: String,
}

impl DeletionScheduled {
    /// The one answer there is.
    pub fn new() -> Self {
        Self {
            status: "deletion_scheduled".to_owned(),
        }
    }
}

impl Default for DeletionScheduled {
    fn default() -> Self {
        Self::new()
    }
}

/// A document brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct RestoredDocument {
    pub document_id: i64,
    pub store_id: i64,
}

/// An upload that was taken in; its indexing is queued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct UploadAccepted {
    /// `doc-<id>`: ask `/api/upload/op-status/{op_id}` for progress.
    pub op_id: String,
    pub document_id: i64,
    pub file_display_name: String,
    pub estimated_tokens: i64,
    pub estimated_cost_usd: f64,
}

/// How far the indexing of a document is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct OperationStatus {
    /// `PENDING`, `RUNNING`, `DONE` or `ERROR`.
    pub status: String,
    pub error: Option<String>,
    /// What is being done: `extract`, `index`, `embed`; `awaiting_budget` while it waits for money.
    pub stage: Option<String>,
    /// 0 to 1.
    pub progress: f64,
}

/// A document whose indexing was started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct RetryAccepted {
    /// `doc-<id>`.
    pub op_id: String,
    pub document_id: i64,
}
