//! Who may spend how much: budgets, holds, the ledger.
//!
//! A hold reserves the largest cost that a call can have, by one conditional UPDATE on the period
//! row of its owner and month, before the call starts. It is settled once, at the actual cost, or
//! released once. `spent` of a period equals the sum of its ledger entries, `reserved` the sum of
//! its open holds; [`Budgets::drift`] checks both.
//!
//! The `*_in` methods are parts of a larger write: call them inside `db.write(budgets.key(user), …)`
//! and hand the outcome to [`Budgets::admit`], [`Budgets::settled`] or [`Budgets::released`] after
//! the commit.

mod drift;
mod error;
mod forecast;
mod hold;
mod limits;
mod month;
mod observer;
mod overview;
mod positions;
mod queries;
mod request;
mod reserve;
mod retention;
mod settle;
mod summary;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use drift::{Drift, Exposure};
pub(crate) use error::{Account, BudgetRefusal, ResizeError, ResolveError};
pub(crate) use hold::{Hold, Reserved};
pub(crate) use limits::BudgetStatus;
pub(crate) use month::Month;
pub(crate) use observer::{BudgetObserver, Resolution};
pub(crate) use overview::{HouseMonth, JobMoney, OpenAnswer};
pub(crate) use positions::{GroupSum, Position, SpendGrouping};
pub(crate) use queries::{
    columns::MoneyColumns,
    defaults::{Defaults, DefaultsChange, RuleChange},
};
pub(crate) use request::{ChargeKind, HoldRequest, Prices};
pub(crate) use retention::retention;
pub(crate) use settle::{AnsweredBy, Charge, Receipt};
pub(crate) use summary::CostSummary;
pub(crate) use sweep::JobLiveness;
#[cfg(test)]
pub(crate) use {request::MINIMUM_OUTPUT_TOKENS, sweep::Swept};

use std::sync::Arc;

use entities::{HoldId, Nanos, PeriodId, UserId, money::period};

use super::{
    clock::Clock,
    config::BudgetsConfig,
    db::{Change, Db, DbError, Entity, Txn, WriteKey},
};

/// What the operator decided about money.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BudgetSettings {
    /// Must be left in a budget besides the cost of a call.
    pub(crate) margin: Nanos,
    /// Monthly limit of a new user; `None` is unlimited.
    pub(crate) default_limit: Option<Nanos>,
    /// Hard cap over all users together.
    pub(crate) house_limit: Option<Nanos>,
    /// How long a hold outlives the process that should renew it.
    pub(crate) lease: chrono::Duration,
}

impl From<&BudgetsConfig> for BudgetSettings {
    fn from(config: &BudgetsConfig) -> Self {
        Self {
            margin: config.hold_margin,
            default_limit: config.default_monthly_limit,
            house_limit: config.house_monthly_limit,
            lease: chrono::Duration::from_std(config.hold_lease).unwrap_or(chrono::Duration::MAX),
        }
    }
}

/// The books. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Budgets {
    db: Db,
    clock: Arc<dyn Clock>,
    settings: BudgetSettings,
    observer: Arc<dyn BudgetObserver>,
}

impl Budgets {
    pub(crate) fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        settings: BudgetSettings,
        observer: Arc<dyn BudgetObserver>,
    ) -> Self {
        Self {
            db,
            clock,
            settings,
            observer,
        }
    }

    /// How long a hold is good for when nobody renews it.
    pub(crate) fn lease(&self) -> std::time::Duration {
        self.settings.lease.to_std().unwrap_or_default()
    }

    /// The key of every write that touches a user's money. With a house limit everybody's money
    /// meets in the house's row, so that everybody's writes share its key.
    pub(crate) fn key(&self, user_id: UserId) -> WriteKey {
        match self.settings.house_limit {
            Some(_) => WriteKey::House,
            None => WriteKey::User(user_id),
        }
    }

    /// Makes a hold of what a committed transaction reserved, and counts the outcome.
    pub(crate) fn admit(
        &self,
        outcome: Result<Reserved, BudgetRefusal>,
    ) -> Result<Hold, BudgetRefusal> {
        match outcome {
            Ok(terms) => {
                self.observer.reserved();
                Ok(Hold::new(terms, Arc::clone(&self.observer)))
            }
            Err(refusal) => Err(self.denied(refusal)),
        }
    }

    /// Counts a refusal that a committed transaction came to.
    pub(crate) fn denied(&self, refusal: BudgetRefusal) -> BudgetRefusal {
        self.observer.denied();
        refusal
    }

    /// Reserves money for a call, with nothing else in the transaction.
    pub(crate) async fn hold(
        &self,
        request: HoldRequest,
    ) -> Result<Result<Hold, BudgetRefusal>, DbError> {
        let key = self.key(request.user_id);
        let outcome = self
            .db
            .write(key, (self.clone(), request), |txn, (budgets, request)| {
                Box::pin(budgets.hold_in(txn, request))
            })
            .await?;
        Ok(self.admit(outcome))
    }

    /// Takes up the hold of a job again. `None` when it is over.
    pub(crate) async fn take_up(&self, id: HoldId) -> Result<Option<Hold>, DbError> {
        let row = queries::holds::find(self.db.read(), id).await?;
        Ok(row
            .filter(|row| ResolveError::of(row.state).is_none())
            .map(|row| Hold::new(Reserved::from(&row), Arc::clone(&self.observer))))
    }

    /// Says that the call is on its way: from now on money may have been spent.
    pub(crate) async fn mark_sent(&self, hold: &Hold) -> Result<Result<(), ResolveError>, DbError> {
        let input = (self.clone(), hold.id());
        self.db
            .write(
                self.key(hold.terms().user_id),
                input,
                |txn, (budgets, id)| Box::pin(budgets.mark_sent_in(txn, *id)),
            )
            .await
    }

    /// Renews the lease and writes down how much output there is so far; every 2 s while streaming.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "answers keep their hold beside their text")
    )]
    pub(crate) async fn keep(
        &self,
        hold: &Hold,
        output_tokens_so_far: u64,
    ) -> Result<Result<(), ResolveError>, DbError> {
        let input = (self.clone(), hold.id(), output_tokens_so_far);
        self.db
            .write(
                self.key(hold.terms().user_id),
                input,
                |txn, (budgets, id, tokens)| Box::pin(budgets.keep_in(txn, *id, *tokens)),
            )
            .await
    }

    /// Charges a call, with nothing else in the transaction.
    pub(crate) async fn settle(
        &self,
        hold: Hold,
        charge: Charge,
    ) -> Result<Result<Receipt, ResolveError>, DbError> {
        let input = (self.clone(), hold.id(), charge);
        let outcome = self
            .db
            .write(
                self.key(hold.terms().user_id),
                input,
                |txn, (budgets, id, charge)| Box::pin(budgets.settle_in(txn, *id, charge)),
            )
            .await?;
        Ok(self.settled(hold, outcome))
    }

    /// Gives the money back, with nothing else in the transaction.
    pub(crate) async fn release(&self, hold: Hold) -> Result<Result<(), ResolveError>, DbError> {
        let input = (self.clone(), hold.id());
        let outcome = self
            .db
            .write(
                self.key(hold.terms().user_id),
                input,
                |txn, (budgets, id)| Box::pin(budgets.release_in(txn, *id)),
            )
            .await?;
        Ok(self.released(hold, outcome))
    }

    /// Ends a hold whose settlement has committed, and counts it.
    pub(crate) fn settled(
        &self,
        hold: Hold,
        outcome: Result<Receipt, ResolveError>,
    ) -> Result<Receipt, ResolveError> {
        hold.end();
        let receipt = outcome?;
        self.observer.resolved(Resolution::Settled);
        self.observe(&receipt);
        Ok(receipt)
    }

    /// Ends a hold whose release has committed, and counts it.
    pub(crate) fn released(
        &self,
        hold: Hold,
        outcome: Result<(), ResolveError>,
    ) -> Result<(), ResolveError> {
        hold.end();
        outcome?;
        self.observer.resolved(Resolution::Voided);
        Ok(())
    }

    fn observe(&self, receipt: &Receipt) {
        self.observer.charged(
            &receipt.provider,
            &receipt.model,
            receipt.amount,
            receipt.overrun,
        );
    }
}

fn announce(txn: &Txn, row: &period::Model) {
    announce_at(txn, row.id, row.user_id, row.rev);
}

fn announce_at(txn: &Txn, id: PeriodId, user_id: Option<UserId>, rev: i64) {
    txn.announce(Change {
        entity: Entity::Period,
        id: id.to_string(),
        user_id,
        rev,
    });
}
