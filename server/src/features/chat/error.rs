//! What can go wrong with a question before its answer begins, and how a client is told.

use crate::{
    features::documents::DocumentsError,
    platform::{budgets::BudgetRefusal, db::DbError, http::Problem, idempotency::KeyRefusal},
};

/// The longest question, in characters.
pub(super) const QUESTION_MAX: usize = 32_000;

/// A refusal or failure of the chat.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChatError {
    #[error("Session not found")]
    SessionNotFound,
    #[error("Stream not found")]
    StreamNotFound,
    #[error("Store not found")]
    StoreNotFound,
    #[error("Missing question")]
    MissingQuestion,
    #[error("The question has {given} characters; at most {QUESTION_MAX} are allowed")]
    QuestionTooLong { given: usize },
    #[error("projectId must be an integer")]
    InvalidProject,
    #[error("{0}")]
    InvalidTags(&'static str),
    #[error("Metadata filters are disabled")]
    FiltersDisabled,
    #[error("metadataFilter key `{0}` is not in METADATA_FILTER_ALLOWED_KEYS")]
    FilterKeyNotAllowed(String),
    #[error(
        "Invalid metadataFilter value for `{0}`: give a text, a number, a truth value, or a non-empty list of those, of up to 256 characters each"
    )]
    InvalidFilterValue(String),
    #[error("Unsupported model requested")]
    UnsupportedModel,
    #[error("{0}")]
    InvalidTitle(&'static str),
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    #[error("{0}")]
    Budget(Box<BudgetRefusal>),
    #[error("The server stops")]
    Stopping,
    #[error("A part of the question was cut by a panic")]
    Panicked,
    #[error(transparent)]
    Documents(DocumentsError),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// A statement of a reader failed.
pub(super) fn db(error: sea_orm::DbErr) -> ChatError {
    ChatError::Database(error.into())
}

impl From<BudgetRefusal> for ChatError {
    fn from(refusal: BudgetRefusal) -> Self {
        Self::Budget(Box::new(refusal))
    }
}

impl From<ChatError> for Problem {
    fn from(error: ChatError) -> Self {
        let message = error.to_string();
        match error {
            ChatError::SessionNotFound | ChatError::StreamNotFound | ChatError::StoreNotFound => {
                Self::not_found(message)
            }
            ChatError::MissingQuestion
            | ChatError::QuestionTooLong { .. }
            | ChatError::InvalidProject
            | ChatError::InvalidTags(_)
            | ChatError::FiltersDisabled
            | ChatError::FilterKeyNotAllowed(_)
            | ChatError::InvalidFilterValue(_)
            | ChatError::UnsupportedModel => Self::bad_request(message),
            ChatError::InvalidTitle(reason) => Self::invalid(&["body", "title"], reason),
            ChatError::Key(refusal) => refusal.into(),
            ChatError::Budget(refusal) => Self::over_budget(&refusal, "Monthly budget exhausted"),
            ChatError::Stopping => Self::stopping(),
            ChatError::Panicked => Self::internal(message),
            ChatError::Documents(error) => error.into(),
            ChatError::Database(error) => error.into(),
        }
    }
}
