//! Chat sessions and their messages. The request and the event stream of `/api/chat` are read and
//! written by the server's own code, since their shapes allow several spellings.

use chrono::{DateTime, Utc};
#[cfg(feature = "openapi")]
use poem_openapi::Object;
use serde::{Deserialize, Serialize};

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ChatSession {
    pub id: String,
    pub store_id: Option<i64>,
    pub title: String,
    pub updated_at: DateTime<Utc>,
}

/// A new title for a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct RenameSession {
    /// 1 to 100 characters.
    pub title: String,
}

/// A turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct ChatMessage {
    pub id: i64,
    /// `user` or `assistant`.
    pub role: String,
    pub content: String,
    pub created_at: DateTime<Utc>,
    /// `complete`, `streaming`, `cut` or `failed`.
    pub state: String,
    /// Who answered; absent for the user's own turns.
    pub model: Option<String>,
    /// The passages that the answer was given with.
    pub citations: Vec<Citation>,
    /// What the answer cost; 0 for the user's own turns.
    pub cost_usd: f64,
}

/// A passage shown beside an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Citation {
    /// `cit-<n>`, where the answer says `[n]`.
    pub source_id: String,
    /// The file's name.
    pub title: String,
    /// The passage's best window, up to 600 characters.
    pub snippet: String,
    pub document_id: i64,
    /// Counted from 1, where the document has pages.
    pub page: Option<i32>,
    /// `false` for passages that were found but that the answer does not name.
    pub cited: bool,
}

/// A model that may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(Object))]
pub struct Model {
    /// What a request names.
    pub id: String,
    pub provider: String,
    /// Used when a request names none.
    pub default: bool,
}
