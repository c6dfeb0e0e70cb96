//! Making and listing stores.

use chrono::{DateTime, Utc};
use entities::{UserId, library::store};
use sea_orm::DbErr;

use super::{Documents, DocumentsError, error, names::StoreName, queries};
use crate::platform::{
    db::{Txn, WriteKey},
    idempotency::{IdempotencyKey, KeyRefusal, Once, once_in},
};

impl Documents {
    /// A user's stores, newest first.
    pub(super) async fn stores(&self, user: UserId) -> Result<Vec<store::Model>, DocumentsError> {
        queries::stores_of(self.0.db.read(), user)
            .await
            .map_err(error::db)
    }

    /// Makes a store, unless the user has as many as they may; the one that was made when it was
    /// asked for before under the same key.
    pub(super) async fn create_store(
        &self,
        user: UserId,
        name: StoreName,
        key: Option<IdempotencyKey>,
    ) -> Result<store::Model, DocumentsError> {
        let claim = self.claim(user, key);
        if let Some(made) = self.store_before(claim.as_ref()).await? {
            return Ok(made);
        }
        let limit = self.0.settings.max_stores_per_user;
        let new = NewStore {
            user,
            name,
            fs_name: format!("fileSearchStores/{}", self.0.entropy.uuid().simple()),
            limit,
            now: self.0.clock.now(),
        };
        let input = (new, claim.clone());
        let made = self
            .0
            .db
            .write(WriteKey::User(user), input, |txn, (new, claim)| {
                Box::pin(async move {
                    once_in(txn, claim.as_ref(), new.insert(txn), |store| store.id).await
                })
            })
            .await?;
        match made {
            Once::Done(made) => made.map_err(|TooMany| DocumentsError::TooManyStores { limit }),
            Once::Taken => {
                let made = self.store_before(claim.as_ref()).await?;
                made.ok_or_else(|| KeyRefusal::StillProcessing.into())
            }
        }
    }
}

struct NewStore {
    user: UserId,
    name: StoreName,
    fs_name: String,
    limit: u32,
    now: DateTime<Utc>,
}

/// The user has as many stores as they may.
struct TooMany;

impl NewStore {
    async fn insert(&self, txn: &Txn) -> Result<Result<store::Model, TooMany>, DbErr> {
        queries::lock_owner(txn, self.user).await?;
        if queries::count_stores(txn, self.user).await? >= u64::from(self.limit) {
            return Ok(Err(TooMany));
        }
        let name = self.name.as_str();
        queries::insert_store(txn, self.user, name, &self.fs_name, self.now)
            .await
            .map(Ok)
    }
}
