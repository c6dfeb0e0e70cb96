//! Whether the counters of the periods agree with the ledger and the holds, and putting it right.

use entities::{Nanos, PeriodId, UserId};

use super::{
    Account, Budgets, Month,
    queries::{
        drift, holds,
        periods::{self, Row},
    },
};
use crate::platform::db::{DbErr, DbError, Txn, WriteKey};

/// A period whose counters are not what its ledger entries and open holds sum to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    pub(crate) period_id: PeriodId,
    /// `None` is the house's.
    pub(crate) user_id: Option<UserId>,
    /// `YYYY-MM`.
    pub(crate) month: String,
    pub(crate) spent: Nanos,
    pub(crate) spent_in_ledger: Nanos,
    pub(crate) reserved: Nanos,
    pub(crate) reserved_by_holds: Nanos,
}

impl Drift {
    /// How far the counters are off, in total: what the gauge shows.
    pub(crate) fn distance(&self) -> Nanos {
        let spent = self.spent.minus(self.spent_in_ledger).0.saturating_abs();
        let reserved = self
            .reserved
            .minus(self.reserved_by_holds)
            .0
            .saturating_abs();
        Nanos(spent.saturating_add(reserved))
    }
}

/// Money that is reserved now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exposure {
    pub(crate) open_holds: i64,
    pub(crate) reserved: Nanos,
}

impl Budgets {
    /// Readies the house's row when there is a house limit. A limit that is set in the middle of a
    /// month finds what the month has cost so far, and the holds that are open. Call at start.
    pub(crate) async fn open_house(&self) -> Result<(), DbError> {
        if self.settings.house_limit.is_none() {
            return Ok(());
        }
        self.db
            .write_alone(WriteKey::House, self.clone(), |txn, budgets| {
                Box::pin(budgets.open_house_in(txn))
            })
            .await
    }

    async fn open_house_in(&self, txn: &Txn) -> Result<(), DbErr> {
        let now = self.clock.now();
        let month = Month::of(now);
        let limit = self.settings.house_limit;
        let row = periods::set_limit(txn, Account::House, month, limit, now).await?;
        holds::adopt(txn, row.id, month).await?;
        drift::recount(txn, row.id, true, now).await?;
        Ok(())
    }

    /// The periods of this month and the last whose counters are off. Must be empty.
    pub(crate) async fn drift(&self) -> Result<Vec<Drift>, DbError> {
        let since = Month::of(self.clock.now()).previous();
        self.drift_since(Some(since)).await
    }

    async fn drift_since(&self, since: Option<Month>) -> Result<Vec<Drift>, DbError> {
        let mut found = drift::users(self.db.read(), since).await?;
        if self.settings.house_limit.is_some() {
            let month = Month::of(self.clock.now());
            let row = Row::Of(Account::House, month);
            if let Some(house) = periods::find(self.db.read(), row).await? {
                found.extend(drift::house(self.db.read(), house.id).await?);
            }
        }
        Ok(found)
    }

    /// Recounts every period that is off, of any month, from the ledger and the holds. Returns what
    /// was put right.
    pub(crate) async fn repair(&self) -> Result<Vec<Drift>, DbError> {
        let found = self.drift_since(None).await?;
        for drift in &found {
            let key = drift
                .user_id
                .map_or(WriteKey::House, |user_id| self.key(user_id));
            let input = (drift.period_id, drift.user_id.is_none(), self.clock.now());
            self.db
                .write_alone(key, input, |txn, (period_id, of_house, now)| {
                    Box::pin(async move {
                        // A sum begun before the lock could miss what commits meanwhile.
                        periods::lock(txn, Row::Id(*period_id)).await?;
                        drift::recount(txn, *period_id, *of_house, *now).await
                    })
                })
                .await?;
        }
        Ok(found)
    }

    /// How much is reserved now, by how many holds.
    pub(crate) async fn exposure(&self) -> Result<Exposure, DbError> {
        Ok(holds::exposure(self.db.read()).await?)
    }
}
