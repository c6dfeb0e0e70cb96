//! What can go wrong with a look at one's jobs.

use crate::platform::{db::DbError, http::Problem};

#[derive(Debug, thiserror::Error)]
pub(super) enum JobsError {
    #[error("Job not found")]
    NotFound,
    #[error("{0}")]
    NotAwaiting(String),
    #[error("{0}")]
    InvalidInput(String),
    #[error("Too many event streams are open. Close one, or try again in a moment.")]
    TooManyReaders,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<JobsError> for Problem {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::NotFound => Self::not_found("Job not found"),
            JobsError::NotAwaiting(message) => Self::conflict(message),
            JobsError::InvalidInput(message) => Self::invalid(&["body", "input"], message),
            JobsError::TooManyReaders => Self::unavailable(error.to_string())
                .with_retry_after(std::time::Duration::from_secs(5)),
            JobsError::Database(error) => error.into(),
        }
    }
}
