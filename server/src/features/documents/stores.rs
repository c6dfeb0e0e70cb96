//! Making and listing stores.

use entities::{UserId, library::store};

use super::{Documents, DocumentsError, error, names::StoreName, queries};
use crate::platform::db::WriteKey;

impl Documents {
    /// A user's stores, newest first.
    pub(super) async fn stores(&self, user: UserId) -> Result<Vec<store::Model>, DocumentsError> {
        queries::stores_of(self.0.db.read(), user)
            .await
            .map_err(error::db)
    }

    /// Makes a store, unless the user has as many as they may.
    pub(super) async fn create_store(
        &self,
        user: UserId,
        name: StoreName,
    ) -> Result<store::Model, DocumentsError> {
        let limit = self.0.settings.max_stores_per_user;
        let fs_name = format!("fileSearchStores/{}", self.0.entropy.uuid().simple());
        let input = (user, name, fs_name, limit, self.0.clock.now());
        self.0
            .db
            .write(
                WriteKey::User(user),
                input,
                |txn, (user, name, fs_name, limit, now)| {
                    Box::pin(async move {
                        queries::lock_owner(txn, *user).await?;
                        if queries::count_stores(txn, *user).await? >= u64::from(*limit) {
                            return Ok(None);
                        }
                        queries::insert_store(txn, *user, name.as_str(), fs_name, *now)
                            .await
                            .map(Some)
                    })
                },
            )
            .await?
            .ok_or(DocumentsError::TooManyStores { limit })
    }
}
