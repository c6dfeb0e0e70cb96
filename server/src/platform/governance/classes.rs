//! What there is of each class, how long it is kept, and who may change that.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{RetentionRunId, UserId, governance::retention_run};
use futures_util::TryStreamExt;
use serde_json::json;

use super::{Governance, GovernanceError};
use crate::platform::{
    audit::AuditEvent,
    db::WriteKey,
    retention::{Class, Period, Periods, Place, Term, runs},
};

/// The duty that begins the daily sweep.
pub(crate) const DUTY: &str = "retention.sweep";

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

    /// Every class.
    pub(crate) async fn classes(&self) -> Result<Vec<ClassSummary>, GovernanceError> {
        let next_run_at = self.0.jobs.duty_due_at(DUTY).await?;
        let mut summaries = Vec::with_capacity(Class::ALL.len());
        for period in self.0.periods.all().await? {
            summaries.push(self.summary(period, next_run_at).await?);
        }
        Ok(summaries)
    }

    async fn summary(
        &self,
        period: Period,
        next_run_at: Option<DateTime<Utc>>,
    ) -> Result<ClassSummary, GovernanceError> {
        let parts = &self.0.parts;
        let class = period.class;
        let (rows, on_disk) = parts.registry.stock(&parts.db, class).await?;
        let (blobs, of_blobs) = self.blobs_of(class).await?;
        let oldest_at = if class.is_fixed() {
            None
        } else {
            let all = parts.registry.survey(class, parts.clock.now()).await?;
            all.oldest
        };
        let last = runs::newest(parts.db.read(), Some(class.name()), None, 1).await?;
        Ok(ClassSummary {
            period,
            rows,
            blobs,
            bytes: on_disk + of_blobs,
            oldest_at,
            next_run_at: next_run_at.filter(|_| matches!(period.term, Term::After(_))),
            last_run: last.into_iter().next(),
        })
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

    /// Sets how many days a class is kept; 0 keeps it. Answers how it is kept from now on.
    pub(crate) async fn set_days(
        &self,
        actor: UserId,
        class: Class,
        days: u32,
    ) -> Result<Period, GovernanceError> {
        Periods::with_days(class, days)?;
        let before = self.0.periods.of(class).await?;
        let event = change(actor, class, Days::of(before.term), Some(days));
        let input = (self.clone(), class, days, event);
        self.0
            .db
            .write(
                WriteKey::Free,
                input,
                |txn, (governance, class, days, event)| {
                    Box::pin(async move {
                        let now = governance.0.clock.now();
                        Periods::set_in(txn, *class, *days, event.actor, now).await?;
                        governance.0.audit.record_in(txn, event).await?;
                        Ok(())
                    })
                },
            )
            .await?;
        Ok(self.0.periods.of(class).await?)
    }

    /// Lets the environment say again how long a class is kept.
    pub(crate) async fn reset_days(
        &self,
        actor: UserId,
        class: Class,
    ) -> Result<Period, GovernanceError> {
        let before = self.0.periods.of(class).await?;
        let event = change(actor, class, Days::of(before.term), None);
        let input = (self.clone(), class, event);
        self.0
            .db
            .write(WriteKey::Free, input, |txn, (governance, class, event)| {
                Box::pin(async move {
                    if Periods::reset_in(txn, *class).await? {
                        governance.0.audit.record_in(txn, event).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(self.0.periods.of(class).await?)
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

fn change(actor: UserId, class: Class, before: Days, after: Option<u32>) -> AuditEvent {
    AuditEvent {
        actor: Some(actor),
        action: "set_retention",
        target_type: Some("retention"),
        target_id: Some(class.name().to_owned()),
        metadata: json!({ "days_before": before.0, "days": after }),
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
