//! What can go wrong in administration, and how it is told to a client.

use crate::platform::{
    audit::UndoRefusal,
    db::DbError,
    http::{FieldError, Problem},
};

/// What is wrong with one field, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldFault {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

/// A refusal or failure of administration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error("The request has invalid fields")]
    Fields(Vec<FieldFault>),
    #[error("User not found")]
    UserNotFound,
    #[error("What this act changed has been changed since")]
    ChangedSince,
    #[error("This act has been undone already")]
    AlreadyUndone,
    #[error("This act cannot be undone")]
    NotUndoable,
    #[error("Entry not found")]
    EntryNotFound,
    #[error("New users must have a limit while strangers may register")]
    DefaultNeeded,
    #[error("The preview is not valid any more: it was used, is too old, or is somebody else's")]
    PreviewChanged,
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<UndoRefusal> for AdminError {
    fn from(refusal: UndoRefusal) -> Self {
        match refusal {
            UndoRefusal::ChangedSince => Self::ChangedSince,
            UndoRefusal::AlreadyUndone => Self::AlreadyUndone,
        }
    }
}

impl AdminError {
    pub(super) fn field(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Fields(vec![FieldFault { field, message }])
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Self {
        let message = error.to_string();
        match error {
            AdminError::Fields(faults) => Self::invalid_fields(
                faults
                    .into_iter()
                    .map(|fault| {
                        FieldError::new(&["body", fault.field], fault.message, "value_error")
                    })
                    .collect(),
            ),
            AdminError::UserNotFound | AdminError::EntryNotFound => Self::not_found(message),
            AdminError::ChangedSince => Self::conflict(message).with_code("changed_since"),
            AdminError::AlreadyUndone => Self::conflict(message).with_code("already_undone"),
            AdminError::NotUndoable => Self::conflict(message).with_code("not_undoable"),
            AdminError::DefaultNeeded => Self::conflict(message).with_code("default_needed"),
            AdminError::PreviewChanged => Self::conflict(message).with_code("preview_changed"),
            AdminError::Database(error) => error.into(),
        }
    }
}
