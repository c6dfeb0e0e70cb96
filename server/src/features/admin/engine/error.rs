//! What can go wrong in the engine room, and how it is told to a client.

use crate::{
    features::{accounts::AccountsError, admin::AdminError},
    platform::{
        ai::ProviderName,
        budgets::{BudgetRefusal, ResolveError},
        db::DbError,
        feed::FeedFull,
        governance::GovernanceError,
        http::Problem,
        paging::PagingError,
    },
};

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EngineError {
    #[error("No such answer is under way")]
    NoStream,
    #[error("No provider of this name is configured")]
    NoProvider,
    #[error("{0} has no other key to take")]
    NoOtherKey(ProviderName),
    #[error("{0} answers no questions, so that there is nothing to try")]
    NoQuestion(ProviderName),
    #[error("Job not found")]
    NoJob,
    #[error("User not found")]
    NoUser,
    #[error("No class of data has this name")]
    NoClass,
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    #[error("{0}")]
    NotPossible(String),
    #[error("The preview is not valid any more. Ask for it again.")]
    PreviewGone,
    #[error("{1}")]
    Invalid(&'static str, String),
    #[error("{1}")]
    InvalidQuery(&'static str, String),
    #[error(transparent)]
    Paging(#[from] PagingError),
    #[error("The feed cannot begin right now, try again shortly")]
    Asleep,
    #[error("the server stops")]
    Stopping,
    #[error(transparent)]
    NoBudget(BudgetRefusal),
    #[error(transparent)]
    Full(#[from] FeedFull),
    #[error("the hold of a probe was over before its end")]
    Hold(#[source] ResolveError),
    #[error(transparent)]
    Told(#[from] Problem),
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::NoStream
            | EngineError::NoProvider
            | EngineError::NoJob
            | EngineError::NoUser
            | EngineError::NoClass => Self::not_found(message),
            EngineError::NoOtherKey(_) | EngineError::NoQuestion(_) => Self::conflict(message),
            EngineError::NotPossible(_) => Self::conflict(message).with_code("not_possible"),
            EngineError::PreviewGone => Self::conflict(message).with_code("preview_changed"),
            EngineError::Invalid(field, message) => Self::invalid(&["body", field], message),
            EngineError::NoBudget(refusal) => {
                Self::over_budget(&refusal, "Monthly budget exceeded")
            }
            EngineError::InvalidQuery(field, message) => Self::invalid(&["query", field], message),
            EngineError::Paging(error) => error.into(),
            EngineError::Asleep | EngineError::Stopping => Self::unavailable(message),
            EngineError::Full(_) => Self::unavailable(message).with_code("feed_full"),
            EngineError::Hold(source) => Self::internal(source),
            EngineError::Governance(error) => governed(error, message),
            EngineError::Told(problem) => problem,
            EngineError::Accounts(error) => error.into(),
            EngineError::Database(error) => error.into(),
        }
    }
}

fn governed(error: GovernanceError, message: String) -> Problem {
    match error {
        GovernanceError::Kept(_) => Problem::invalid(&["body", "classes"], message),
        GovernanceError::Period(_) => Problem::invalid(&["body", "days"], message),
        GovernanceError::PreviewUnknown
        | GovernanceError::PreviewExpired
        | GovernanceError::PreviewChanged(_) => {
            Problem::conflict(message).with_code("preview_changed")
        }
        GovernanceError::Busy(_) | GovernanceError::ExportNotReady => Problem::conflict(message),
        GovernanceError::ExportNotFound => Problem::not_found(message),
        GovernanceError::Undo(refusal) => AdminError::from(refusal).into(),
        GovernanceError::Database(error) => error.into(),
        other => Problem::internal(other),
    }
}
