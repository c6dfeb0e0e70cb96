//! What becomes of a user's work when the user may not work any more.

use std::collections::HashMap;

use entities::UserId;

use super::{
    Jobs,
    queries::{DbErr, owners},
    rest::Move,
};
use crate::platform::db::{DbError, Txn};

impl Jobs {
    /// How many jobs of each of these users are not over; users without are absent.
    pub(crate) async fn open_by_user(
        &self,
        users: &[UserId],
    ) -> Result<HashMap<UserId, i64>, DbError> {
        Ok(owners::open(self.0.db.read(), users).await?)
    }

    /// Stops every job of a user that is not over, with many by a job of its own; answers how many.
    pub(crate) async fn cancel_all_of_in(&self, txn: &Txn, user: UserId) -> Result<i64, DbErr> {
        let stopped = self.move_all_of_in(txn, user, Move::Cancel).await?;
        Ok(i64::try_from(stopped).unwrap_or(i64::MAX))
    }
}
