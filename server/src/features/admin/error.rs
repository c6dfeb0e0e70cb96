//! What can go wrong in administration, and how it is told to a client.

use crate::platform::{
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
    #[error(transparent)]
    Database(#[from] DbError),
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
            AdminError::UserNotFound => Self::not_found(message),
            AdminError::Database(error) => error.into(),
        }
    }
}
