//! What can go wrong with stores and documents, and how each is told to a client.

use crate::platform::{
    budgets::BudgetRefusal, db::DbError, http::Problem, idempotency::KeyRefusal, jobs::JobError,
    storage::StorageError,
};

/// A refusal or failure of the library.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentsError {
    #[error("Store not found")]
    StoreNotFound,
    #[error("Document not found")]
    DocumentNotFound,
    #[error("{field}: {reason}")]
    InvalidField { field: &'static str, reason: String },
    #[error("You have {limit} stores, the most that you may have. Delete one first.")]
    TooManyStores { limit: u32 },
    #[error("Only a document in state ERROR can be tried again; this one is {status}")]
    NotInError { status: &'static str },
    #[error("The store of this document is deleted. Restore the store first.")]
    StoreIsDeleted,
    #[error("{0}")]
    NotAllowed(String),
    #[error("File too large")]
    TooLarge,
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    #[error("{0}")]
    Budget(Box<BudgetRefusal>),
    #[error("a job could not be described")]
    Describe(#[from] serde_json::Error),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A statement of a reader failed.
pub(super) fn db(error: sea_orm::DbErr) -> DocumentsError {
    DocumentsError::Database(error.into())
}

impl From<BudgetRefusal> for DocumentsError {
    fn from(refusal: BudgetRefusal) -> Self {
        Self::Budget(Box::new(refusal))
    }
}

impl From<DocumentsError> for Problem {
    fn from(error: DocumentsError) -> Self {
        let message = error.to_string();
        match error {
            DocumentsError::StoreNotFound | DocumentsError::DocumentNotFound => {
                Self::not_found(message)
            }
            DocumentsError::InvalidField { field, reason } => {
                Self::invalid(&["body", field], reason)
            }
            DocumentsError::TooManyStores { .. } => Self::new(
                poem::http::StatusCode::TOO_MANY_REQUESTS,
                "too_many_stores",
                message,
            ),
            DocumentsError::NotInError { .. } | DocumentsError::StoreIsDeleted => {
                Self::conflict(message)
            }
            DocumentsError::Key(refusal) => refusal.into(),
            DocumentsError::NotAllowed(_) => Self::unsupported_media_type(message),
            DocumentsError::TooLarge => Self::payload_too_large(message),
            DocumentsError::Budget(refusal) => {
                Self::over_budget(&refusal, "Monthly budget exceeded")
            }
            DocumentsError::Describe(error) => Self::internal(error),
            DocumentsError::Database(error) => error.into(),
            DocumentsError::Storage(StorageError::Full(error)) => {
                Self::unavailable("The storage is full. Tell your administrator.").caused_by(error)
            }
            DocumentsError::Storage(StorageError::Missing) => {
                Self::not_found("The original of this document is no longer stored")
            }
            DocumentsError::Storage(error) => {
                Self::unavailable("The storage does not answer. Try again in a moment.")
                    .caused_by(error)
            }
        }
    }
}

impl From<DocumentsError> for JobError {
    fn from(error: DocumentsError) -> Self {
        match error {
            DocumentsError::Database(error) => error.into(),
            DocumentsError::Storage(StorageError::Missing) => Self::fail(
                "missing",
                "The uploaded file is no longer stored. Upload it again.",
            ),
            DocumentsError::Storage(error) => Self::retry("storage", error.to_string()),
            other => Self::fail("refused", other.to_string()),
        }
    }
}
