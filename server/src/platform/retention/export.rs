//! What a user is given of what the house has of them.

use async_trait::async_trait;
use entities::UserId;
use serde_json::Value;

use super::{RetentionError, queries::rows_of::Cursor};
use crate::platform::storage::BlobKey;

/// Some rows of a user.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Value>,
    /// Where the next page begins; `None` when this is the last.
    pub(crate) next: Option<Cursor>,
    /// Files that belong to these rows.
    pub(crate) files: Vec<Original>,
}

/// A blob of the user's own, as it goes into the archive.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    /// Inside the archive; made by the server, with the user's name of the file at its end.
    pub(crate) path: String,
    pub(crate) blob: BlobKey,
}

/// Gives out what one owner keeps of a user, without secrets and without what is another's.
#[async_trait]
pub(crate) trait Exporter: Send + Sync {
    /// The file in the archive, such as `chat/messages.json`: an array of rows.
    fn file(&self) -> &'static str;

    /// About `limit` rows from `after` on, in a fixed order.
    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError>;
}
