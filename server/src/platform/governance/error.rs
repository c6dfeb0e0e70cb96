//! What can go wrong in governance.

use entities::JobId;

use super::Preview;
use crate::platform::{
    audit::UndoRefusal,
    db::{DbErr, DbError},
    idempotency::KeyRefusal,
    jobs::JobError,
    retention::{PeriodRefused, RetentionError},
    storage::StorageError,
};

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GovernanceError {
    #[error(transparent)]
    Period(#[from] PeriodRefused),
    /// Not a token of this house.
    #[error("`preview_token` is not one that this server gave; ask for a preview again")]
    PreviewUnknown,
    #[error("the preview is older than 10 minutes; ask for one again")]
    PreviewExpired,
    /// A run would delete something else than what was shown; here is what.
    #[error("what would be deleted has changed since the preview")]
    PreviewChanged(Box<Preview>),
    /// Nothing of these classes is ever deleted.
    #[error("{} {} kept for ever, so that there is nothing to run; say first how many days it is kept", .0.join(", "), if .0.len() == 1 { "is" } else { "are" })]
    Kept(Vec<String>),
    #[error("job {0} is deleting now; try again when it has ended")]
    Busy(JobId),
    #[error("Export not found")]
    ExportNotFound,
    #[error("the export is not ready yet")]
    ExportNotReady,
    #[error("the archive cannot be written")]
    Archive(#[source] std::io::Error),
    #[error("the parameters of a job cannot be written")]
    Describe(#[from] serde_json::Error),
    /// What an eraser will not delete, and what would let it.
    #[error("{0}")]
    Refused(String),
    /// What does not answer now, and what that keeps from being done.
    #[error("{0}")]
    Unreachable(&'static str),
    #[error("what an act that is to be undone has changed is not as it left it")]
    Undo(UndoRefusal),
    #[error("the work was stopped")]
    Stopped,
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<DbErr> for GovernanceError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<RetentionError> for GovernanceError {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::Database(error) => Self::Database(error),
            RetentionError::Storage(error) => Self::Storage(error),
            RetentionError::Refused(why) => Self::Refused(why),
            RetentionError::Unreachable(why) => Self::Unreachable(why),
        }
    }
}

impl From<GovernanceError> for JobError {
    fn from(error: GovernanceError) -> Self {
        match error {
            GovernanceError::Database(error) => error.into(),
            GovernanceError::Stopped => Self::Cancelled,
            GovernanceError::Unreachable(why) => Self::retry("unreachable", why),
            GovernanceError::Storage(error) => {
                tracing::warn!(%error, source = ?std::error::Error::source(&error), "a job could not use the storage");
                Self::retry("storage", error.to_string())
            }
            GovernanceError::Archive(error) => {
                tracing::warn!(%error, "an archive could not be written");
                Self::retry("storage", "the archive cannot be written")
            }
            other => Self::fail("refused", other.to_string()),
        }
    }
}
