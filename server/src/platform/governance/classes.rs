//! What there is of each class, how long it is kept, and who may change that.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{RetentionRunId, governance::retention_run};
use futures_util::TryStreamExt;
use serde_json::json;
use tokio::time::Instant;

use super::{Governance, GovernanceError};
use crate::platform::{
    audit::{Act, By, UndoRefusal},
    db::{DbErr, Txn, WriteKey},
    retention::{Class, Period, Periods, Place, Term, runs},
};

/// The duty that begins the daily sweep.
pub(crate) const DUTY: &str = "retention.sweep";

/// How old the stock of the classes may be when it need not be exact.
const LATELY: Duration = Duration::from_secs(10);

/// The hour of the day, in UTC, at which a new house sweeps.
const HOUR: u32 = 3;

/// When a house that has never swept does so first: at night.
fn first_sweep(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now
        .date_naive()
        .and_hms_opt(HOUR, 0, 0)
        .map_or(now, |at| at.and_utc());
    if today > now {
        today
    } else {
        today + TimeDelta::days(1)
    }
}

/// A class, as operators see it.
#[derive(Clone, Debug)]
pub(crate) struct ClassSummary {
    pub(crate) period: Period,
    pub(crate) rows: u64,
    pub(crate) blobs: u64,
    /// On disk: tables with their indexes, and blobs.
    pub(crate) bytes: u64,
    /// When the oldest of what has a time of its own was made, or ended.
    pub(crate) oldest_at: Option<DateTime<Utc>>,
    /// When the next sweep begins; `None` for a class that is kept, and before the first.
    pub(crate) next_run_at: Option<DateTime<Utc>>,
    pub(crate) last_run: Option<retention_run::Model>,
}

/// What there is of a class.
#[derive(Clone, Copy, Debug, Default)]
struct Stock {
    rows: u64,
    blobs: u64,
    bytes: u64,
    oldest_at: Option<DateTime<Utc>>,
}

type Stocks = BTreeMap<Class, Stock>;

/// The stock of every class as it was once.
pub(super) struct Counted {
    at: Instant,
    took: Duration,
    stocks: Stocks,
}

/// Days, as operators set and see them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Days(pub(crate) Option<f64>);

impl Days {
    /// `None` for what has no period; 0 for what is kept.
    pub(crate) fn of(term: Term) -> Self {
        const DAY: f64 = 86_400.0;
        Self(match term {
            Term::After(period) => Some(period.as_secs_f64() / DAY),
            Term::Kept => Some(0.0),
            Term::Until(_) => None,
        })
    }
}

impl Governance {
    /// Has the daily sweep begin, unless it has; to be called at each start.
    pub(crate) async fn expect_sweeps(&self) -> Result<(), GovernanceError> {
        let first = first_sweep(self.0.clock.now());
        Ok(self.0.jobs.first_duty_at(DUTY, first).await?)
    }

    /// Every class, with its stock counted now.
    pub(crate) async fn classes(&self) -> Result<Vec<ClassSummary>, GovernanceError> {
        let stocks = self.count_stocks().await?;
        self.summaries(&stocks).await
    }

    /// As [`Governance::classes`], with the stock as it was counted a while ago: every table is
    /// counted for it, and consoles ask often. What takes long is believed for longer.
    pub(crate) async fn classes_lately(&self) -> Result<Vec<ClassSummary>, GovernanceError> {
        let mut counted = self.0.stocks.lock().await;
        let known = counted.take();
        let known = known.filter(|known| known.at.elapsed() < LATELY.max(known.took * 20));
        let known = if let Some(known) = known {
            known
        } else {
            let at = Instant::now();
            let stocks = self.count_stocks().await?;
            Counted {
                took: at.elapsed(),
                at,
                stocks,
            }
        };
        let summaries = self.summaries(&known.stocks).await;
        *counted = Some(known);
        summaries
    }

    /// Has the stock counted anew: something was deleted.
    pub(super) async fn forget_stocks(&self) {
        *self.0.stocks.lock().await = None;
    }

    async fn summaries(&self, stocks: &Stocks) -> Result<Vec<ClassSummary>, GovernanceError> {
        let parts = &self.0.parts;
        let next_run_at = parts.jobs.duty_due_at(DUTY).await?;
        let mut summaries = Vec::with_capacity(Class::ALL.len());
        for period in parts.periods.all().await? {
            let stock = stocks.get(&period.class).copied().unwrap_or_default();
            let class = Some(period.class.name());
            let last = runs::newest(parts.db.read(), class, None, 1).await?;
            summaries.push(ClassSummary {
                rows: stock.rows,
                blobs: stock.blobs,
                bytes: stock.bytes,
                oldest_at: stock.oldest_at,
                next_run_at: next_run_at.filter(|_| matches!(period.term, Term::After(_))),
                last_run: last.into_iter().next(),
                period,
            });
        }
        Ok(summaries)
    }

    async fn count_stocks(&self) -> Result<Stocks, GovernanceError> {
        let parts = &self.0.parts;
        let mut stocks = Stocks::new();
        for class in Class::ALL {
            let (rows, on_disk) = parts.registry.stock(&parts.db, class).await?;
            let (blobs, of_blobs) = self.blobs_of(class).await?;
            let oldest_at = if class.is_fixed() {
                None
            } else {
                let all = parts.registry.survey(class, parts.clock.now()).await?;
                all.oldest
            };
            let stock = Stock {
                rows,
                blobs,
                bytes: on_disk + of_blobs,
                oldest_at,
            };
            stocks.insert(class, stock);
        }
        Ok(stocks)
    }

    async fn blobs_of(&self, class: Class) -> Result<(u64, u64), GovernanceError> {
        let (mut blobs, mut bytes) = (0, 0);
        let holdings = self.0.registry.holdings().iter();
        for holding in holdings.filter(|holding| holding.class == class) {
            let Place::Blobs(prefix) = holding.place else {
                continue;
            };
            let mut listed = self.0.blobs.list(Some(prefix));
            while let Some((_, size)) = listed.try_next().await? {
                blobs += 1;
                bytes += size;
            }
        }
        Ok((blobs, bytes))
    }

    /// Sets how many days a class is kept, 0 keeps it; with `None` lets the environment say it
    /// again. Answers how it is kept from now on, and the act on record when anything changed.
    pub(crate) async fn set_days(
        &self,
        by: &By,
        class: Class,
        days: Option<u32>,
    ) -> Result<(Period, Option<i64>), GovernanceError> {
        if let Some(days) = days {
            Periods::with_days(class, days)?;
        }
        let before = self.0.periods.of(class).await?;
        let change = DaysChange {
            governance: self.clone(),
            by: by.clone(),
            class,
            days,
            effective_before: Days::of(before.term),
        };
        let changed = self
            .0
            .db
            .write(WriteKey::Free, change, |txn, change| {
                Box::pin(change.apply(txn))
            })
            .await?;
        let entry = changed.map_err(GovernanceError::Undo)?;
        Ok((self.0.periods.of(class).await?, entry))
    }

    /// A run on record.
    pub(crate) async fn run_of(
        &self,
        id: RetentionRunId,
    ) -> Result<Option<retention_run::Model>, GovernanceError> {
        Ok(runs::find(self.0.db.read(), id).await?)
    }

    /// What runs have deleted, the newest first: of one class or of all, before run `before` when
    /// given.
    pub(crate) async fn runs(
        &self,
        class: Option<Class>,
        before: Option<RetentionRunId>,
        limit: u64,
    ) -> Result<Vec<retention_run::Model>, GovernanceError> {
        let class = class.map(Class::name);
        Ok(runs::newest(self.0.db.read(), class, before, limit).await?)
    }
}

/// Other days for a class.
struct DaysChange {
    governance: Governance,
    by: By,
    class: Class,
    days: Option<u32>,
    effective_before: Days,
}

impl DaysChange {
    async fn apply(&self, txn: &Txn) -> Result<Result<Option<i64>, UndoRefusal>, DbErr> {
        let parts = &self.governance.0.parts;
        let before = Periods::set_days_in(txn, self.class).await?;
        let told = |days: Option<u32>| json!({ "days": days });
        let current = told(before);
        let refused = parts.audit.refuses_undo_in(txn, &self.by, &current);
        if let Some(refusal) = refused.await? {
            return Ok(Err(refusal));
        }
        match self.days {
            None if before.is_none() => return Ok(Ok(None)),
            None => Periods::reset_in(txn, self.class).await?,
            Some(days) => {
                let (by, now) = (Some(self.by.actor), parts.clock.now());
                Periods::set_in(txn, self.class, days, by, now).await?;
            }
        }
        let act = Act::on("set_retention", "retention", self.class.name())
            .changing(told(before), told(self.days))
            .with("days_before", json!(self.effective_before.0));
        parts
            .audit
            .record_act_in(txn, &self.by, act)
            .await
            .map(|entry| Ok(Some(entry)))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn the_first_sweep_is_at_night() {
        let at = |day, hour| Utc.with_ymd_and_hms(2026, 11, day, hour, 0, 0).unwrap();
        assert_eq!(first_sweep(at(21, 2)), at(21, 3));
        assert_eq!(first_sweep(at(21, 3)), at(22, 3));
        assert_eq!(first_sweep(at(30, 12)), at(30, 3) + TimeDelta::days(1));
    }
}
