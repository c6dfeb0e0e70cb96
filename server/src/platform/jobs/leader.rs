//! Duties that run on one process at a time, whoever that is.

use std::{fmt::Display, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::queries::{DbErr, leases};
use crate::platform::{
    clock::Clock,
    db::{Db, DbError, Txn, WriteKey},
};

/// Takes part in the election for each duty, by a lease in the database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Leader {
    db: Db,
    clock: Arc<dyn Clock>,
    holder: Uuid,
}

/// How often a process that does not lead asks again, and how soon a failed duty is tried again.
const ASK_AGAIN: Duration = Duration::from_secs(60);

impl Leader {
    /// `holder` is the process.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, holder: Uuid) -> Self {
        Self { db, clock, holder }
    }

    /// Runs `duty` once in each period of `every` over all processes, until `stop`.
    ///
    /// The lease of a duty lasts until it is due again, so that a process that dies or stops hands
    /// it on by itself; a duty that takes longer keeps its lease, and is dropped when it loses it.
    pub(crate) async fn run<D, F, E>(
        &self,
        name: &'static str,
        every: Duration,
        stop: &CancellationToken,
        duty: D,
    ) where
        D: Fn() -> F + Send + Sync,
        F: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let turns = async {
            loop {
                if let Err(error) = self.turn(name, every, &duty).await {
                    tracing::warn!(duty = name, %error, "cannot reach the lease of a duty");
                }
                tokio::time::sleep(every.min(ASK_AGAIN)).await;
            }
        };
        stop.run_until_cancelled(turns).await;
    }

    /// Does the duty if it is due and nobody else does it. Answers whether it was done.
    pub(super) async fn turn<D, F, E>(
        &self,
        name: &'static str,
        every: Duration,
        duty: &D,
    ) -> Result<bool, DbError>
    where
        D: Fn() -> F + Send + Sync,
        F: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        if !self.write(name, every, Change::Take).await? {
            return Ok(false);
        }
        let work = duty();
        tokio::pin!(work);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut work => break outcome,
                () = tokio::time::sleep(every / 3) => {
                    if !self.write(name, every, Change::Keep).await? {
                        tracing::warn!(duty = name, "lost the lease of a duty, dropping it");
                        return Ok(false);
                    }
                }
            }
        };
        if let Err(error) = outcome {
            tracing::warn!(duty = name, %error, "a duty failed");
            self.write(name, every.min(ASK_AGAIN), Change::Keep).await?;
            return Ok(false);
        }
        Ok(true)
    }

    async fn write(
        &self,
        name: &'static str,
        term: Duration,
        change: Change,
    ) -> Result<bool, DbError> {
        let now = self.clock.now();
        let claim = Claim {
            name,
            holder: self.holder,
            now,
            until: now + TimeDelta::from_std(term).unwrap_or(TimeDelta::MAX),
            change,
        };
        self.db
            .write(WriteKey::Free, claim, |txn, claim| {
                Box::pin(claim.apply(txn))
            })
            .await
    }
}

#[derive(Clone, Copy)]
enum Change {
    Take,
    Keep,
}

struct Claim {
    name: &'static str,
    holder: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    change: Change,
}

impl Claim {
    async fn apply(&self, txn: &Txn) -> Result<bool, DbErr> {
        match self.change {
            Change::Take => leases::take(txn, self.name, self.holder, self.now, self.until).await,
            Change::Keep => leases::keep(txn, self.name, self.holder, self.until).await,
        }
    }
}
