//! Files of exports that no row names: their process died between the file and the row.

use chrono::Duration;
use futures_util::{StreamExt, TryStreamExt};

use super::{Governance, GovernanceError, queries::exports as queries};
use crate::platform::{db::DbError, storage::BlobKey};

/// A file this young may still get its row.
const YOUNG: Duration = Duration::hours(3);
const PAGE: usize = 200;

impl Governance {
    /// Removes them; answers how many.
    pub(crate) async fn remove_orphaned_exports(&self) -> Result<u64, GovernanceError> {
        let parts = &self.0.parts;
        let before = parts.clock.now() - YOUNG;
        let files = parts.blobs.older_than(BlobKey::EXPORTS, before);
        let mut pages = files.try_chunks(PAGE);
        let mut removed = 0;
        while let Some(page) = pages.next().await {
            let keys = page.map_err(|error| GovernanceError::Storage(error.1))?;
            let known = queries::known_files(parts.db.read(), &keys)
                .await
                .map_err(DbError::from)?;
            for key in keys.iter().filter(|key| !known.contains(key.as_str())) {
                parts.blobs.delete(key).await?;
                removed += 1;
            }
        }
        if removed > 0 {
            tracing::warn!(event = "orphaned_exports_removed", count = removed);
        }
        Ok(removed)
    }
}
