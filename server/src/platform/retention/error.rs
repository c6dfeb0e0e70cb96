//! What can go wrong while data is deleted.

use crate::platform::{
    db::{DbErr, DbError},
    storage::StorageError,
};

/// A failure; what was deleted before it stays deleted, and the same call goes on from there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RetentionError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// What an eraser will not delete, and what would let it.
    #[error("{0}")]
    Refused(String),
    /// What does not answer now, and what that keeps from being done.
    #[error("{0}")]
    Unreachable(&'static str),
}

impl From<DbErr> for RetentionError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}
