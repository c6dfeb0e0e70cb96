//! What can go wrong with stores and documents.

use crate::platform::{db::DbError, storage::StorageError};

/// A refusal or failure of the library.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentsError {
    #[error("Store not found")]
    StoreNotFound,
    #[error("Document not found")]
    DocumentNotFound,
    #[error("{field}: {reason}")]
    InvalidName { field: &'static str, reason: String },
    #[error("You have {limit} stores, which is the most that you may have. Delete one first.")]
    TooManyStores { limit: u32 },
    #[error("A store with this fs_name exists already")]
    DuplicateStore,
    #[error("Only a document in state ERROR can be tried again; this one is {status}")]
    NotInError { status: &'static str },
    #[error("The store of this document is deleted. Restore the store first.")]
    StoreIsDeleted,
    #[error("This document has been purged and cannot come back")]
    Purged,
    #[error("{message}")]
    MissingField { field: &'static str, message: &'static str },
    #[error("{0}")]
    NotAllowed(String),
    #[error("File too large")]
    TooLarge,
    #[error("The queue takes no work now. Try again in a moment.")]
    QueueUnavailable,
    #[error("budget")]
    Budget(Box<crate::platform::budgets::BudgetRefusal>),
    #[error("database")]
    Database(#[from] DbError),
    #[error("storage")]
    Storage(#[from] StorageError),
}
