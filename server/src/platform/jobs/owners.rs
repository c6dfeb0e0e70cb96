//! What becomes of a user's work when the user may not work any more.

use std::collections::HashMap;

use entities::UserId;

use super::{
    Cancelling, Jobs,
    queries::{DbErr, owners},
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

    /// Stops every job of a user that is not over; answers how many.
    pub(crate) async fn cancel_all_of_in(&self, txn: &Txn, user: UserId) -> Result<i64, DbErr> {
        let mut stopped = 0;
        for id in owners::open_of(txn, user).await? {
            let outcome = self.cancel_in(txn, id).await?;
            stopped += i64::from(matches!(
                outcome,
                Cancelling::Cancelled | Cancelling::Requested
            ));
        }
        Ok(stopped)
    }
}
