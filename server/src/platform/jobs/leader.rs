//! Duties that run on one process at a time, whoever that is.

use std::{collections::BTreeMap, fmt::Display, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    queries::{DbErr, leases},
    settings::delta,
};
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
    /// The duties that this process takes part in, and how often each is due.
    duties: Arc<Mutex<BTreeMap<&'static str, Duration>>>,
}

/// How something that is done again and again stands, whichever process did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) task: &'static str,
    pub(crate) period: Duration,
    /// When it was last done; before its first time, since when it is to be done. `None`: the record
    /// is older than this is known.
    pub(crate) last_at: Option<DateTime<Utc>>,
}

/// How long a duty's lease outlives the process that does it, how often the others ask for it, and
/// how soon a duty that failed is tried again.
const TERM: Duration = Duration::from_mins(1);

impl Leader {
    /// `holder` is the process.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, holder: Uuid) -> Self {
        Self {
            db,
            clock,
            holder,
            duties: Arc::default(),
        }
    }

    /// How the duties stand that this process takes part in, by name.
    pub(crate) async fn ticks(&self) -> Result<Vec<Tick>, DbError> {
        let last = leases::last(self.db.read()).await?;
        let duties = self.duties.lock();
        let tick = |(&task, &period)| Tick {
            task,
            period,
            last_at: last.get(task).copied(),
        };
        Ok(duties.iter().map(tick).collect())
    }

    /// The processes that do a duty now.
    pub(crate) async fn holders(db: &Db, now: DateTime<Utc>) -> Result<Vec<Uuid>, DbError> {
        Ok(leases::holders(db.read(), now).await?)
    }

    /// Runs `duty` once in each period of `every` over all processes, until `stop`.
    ///
    /// While the duty runs its lease is short and renewed, so that another process takes over when
    /// this one dies; when it is done the lease is prolonged until the duty is due again. A duty
    /// that loses its lease is dropped.
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
                tokio::time::sleep(every.min(TERM)).await;
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
        self.duties.lock().insert(name, every);
        let term = every.min(TERM);
        let began = self.clock.now();
        if !self.write(name, began + delta(term), Change::Take).await? {
            return Ok(false);
        }
        let work = duty();
        tokio::pin!(work);
        let outcome = loop {
            tokio::select! {
                biased;
                outcome = &mut work => break outcome,
                () = tokio::time::sleep(term / 3) => {
                    let until = self.clock.now() + delta(term);
                    if !self.write(name, until, Change::Keep).await? {
                        tracing::warn!(duty = name, "lost the lease of a duty, dropping it");
                        return Ok(false);
                    }
                }
            }
        };
        if let Err(error) = outcome {
            tracing::warn!(duty = name, %error, "a duty failed");
            let again = self.clock.now() + delta(term);
            self.write(name, again, Change::Keep).await?;
            return Ok(false);
        }
        self.write(name, began + delta(every), Change::Done).await?;
        Ok(true)
    }

    async fn write(
        &self,
        name: &'static str,
        until: DateTime<Utc>,
        change: Change,
    ) -> Result<bool, DbError> {
        let claim = Claim {
            name,
            holder: self.holder,
            now: self.clock.now(),
            until,
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
    /// Kept until the duty is due again.
    Done,
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
            Change::Keep => leases::keep(txn, self.name, self.holder, self.until, None).await,
            Change::Done => {
                leases::keep(txn, self.name, self.holder, self.until, Some(self.now)).await
            }
        }
    }
}
