//! How failures of the parts below are told to a client.

use std::time::Duration;

use poem::http::StatusCode;
use serde_json::{Map, json};

use super::problem::Problem;
use crate::platform::{
    budgets::BudgetRefusal,
    db::DbError,
    idempotency::{self, KeyRefusal},
    paging::PagingError,
};

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable(_) => {
                Self::unavailable("The database does not answer. Try again in a moment.")
                    .with_retry_after(Duration::from_secs(1))
                    .caused_by(error)
            }
            DbError::Full(_) => {
                Self::unavailable("The storage is full. Tell your administrator.").caused_by(error)
            }
            other => Self::internal(other),
        }
    }
}

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            KeyRefusal::Invalid => Self::bad_request(message).with_code("invalid_idempotency_key"),
            KeyRefusal::StillProcessing => Self::conflict(message).with_code("still_processing"),
            KeyRefusal::Reused => Self::invalid(&["header", idempotency::HEADER], message)
                .with_code("idempotency_key_reused"),
            KeyRefusal::AnswerDeleted => {
                let code = "answer_deleted";
                let details = Map::from_iter([("code".to_owned(), json!(code))]);
                Self::conflict(message)
                    .with_code(code)
                    .with_details(details)
            }
            KeyRefusal::Answer(error) => Self::internal(error),
            KeyRefusal::Database(error) => error.into(),
        }
    }
}

impl From<PagingError> for Problem {
    fn from(error: PagingError) -> Self {
        let message = error.to_string();
        match error {
            PagingError::Limit => Self::invalid(&["query", "limit"], message),
            PagingError::Sort { .. } => Self::invalid(&["query", "sort"], message),
            PagingError::Filter(fault) => {
                let mut details = Map::new();
                details.insert("at".into(), json!([fault.at.start, fault.at.end]));
                details.insert("nearest".into(), json!(fault.nearest));
                Self::invalid(&["query", "filter"], message)
                    .with_code("invalid_filter")
                    .with_details(details)
            }
            PagingError::Cursor => Self::bad_request(message).with_code("invalid_cursor"),
            PagingError::CursorMismatch => Self::bad_request(message).with_code("cursor_mismatch"),
        }
    }
}

impl Problem {
    /// 402 with where the budget stands. `message` is the contract's short text; the refusal's own
    /// words follow as `reason`.
    pub(crate) fn over_budget(refusal: &BudgetRefusal, message: &'static str) -> Self {
        let mut details = Map::new();
        details.insert("limit_usd".into(), json!(refusal.limit.as_usd()));
        details.insert("spent_usd".into(), json!(refusal.spent.as_usd()));
        details.insert("held_usd".into(), json!(refusal.held.as_usd()));
        details.insert("resets_at".into(), json!(refusal.resets_at));
        details.insert("reason".into(), json!(refusal.to_string()));
        Self::new(StatusCode::PAYMENT_REQUIRED, "budget_exceeded", message).with_details(details)
    }
}
