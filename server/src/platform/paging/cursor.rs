//! Where a page ended, as text that clients hand back.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Key, PagingError};

/// Longest cursor that is looked at: a filter, an order and two keys fit.
const LONGEST: usize = 8_192;

/// Where a page ended, and of which list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    #[serde(rename = "l")]
    pub(super) list: String,
    #[serde(rename = "f")]
    pub(super) filter: String,
    #[serde(rename = "s")]
    pub(super) sort: String,
    /// When the first page was asked for.
    #[serde(rename = "n", with = "chrono::serde::ts_microseconds")]
    pub(super) now: DateTime<Utc>,
    /// What the last row was sorted by.
    #[serde(rename = "k")]
    pub(super) key: Key,
    /// The last row.
    #[serde(rename = "i")]
    pub(super) id: Key,
}

impl Cursor {
    pub(super) fn write(&self) -> String {
        // Text and numbers under fixed names: this cannot fail, and an empty cursor is refused.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    pub(super) fn read(text: &str) -> Result<Self, PagingError> {
        if text.len() > LONGEST {
            return Err(PagingError::Cursor);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| PagingError::Cursor)?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| PagingError::Cursor)?;
        let zero = |key: &Key| matches!(key, Key::Text(text) if text.contains('\0'));
        if zero(&cursor.key) || zero(&cursor.id) {
            return Err(PagingError::Cursor);
        }
        Ok(cursor)
    }
}
