//! The eraser of plain tables, whose rows say by one column whose they are.

use async_trait::async_trait;
use entities::UserId;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, QueryTrait,
};

use crate::platform::{
    db::{Db, Txn, WriteKey},
    retention::{Eraser, Place, RetentionError},
};

/// Deletes the rows of one table that are a user's.
pub(crate) struct ErasedRows<E: EntityTrait> {
    pub(crate) db: Db,
    pub(crate) places: &'static [Place],
    /// The column that says whose a row is.
    pub(crate) owner: E::Column,
    pub(crate) key: E::Column,
}

#[async_trait]
impl<E> Eraser for ErasedRows<E>
where
    E: EntityTrait,
    E::Column: Send + Sync,
    E::Model: Send + Sync,
{
    fn places(&self) -> &'static [Place] {
        self.places
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let input = (self.owner, self.key, user, limit);
        let erased = self.db.write_alone(
            WriteKey::User(user),
            input,
            |txn, (owner, key, user, limit)| {
                Box::pin(delete::<E>(txn, *owner, *key, *user, *limit))
            },
        );
        Ok(erased.await?)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        let left = E::find().filter(self.owner.eq(user)).count(self.db.read());
        Ok(left.await?)
    }
}

async fn delete<E: EntityTrait>(
    txn: &Txn,
    owner: E::Column,
    key: E::Column,
    user: UserId,
    limit: u64,
) -> Result<u64, DbErr> {
    let some = E::find()
        .filter(owner.eq(user))
        .select_only()
        .column(key)
        .limit(limit)
        .into_query();
    let deleted = E::delete_many()
        .filter(key.in_subquery(some))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}
