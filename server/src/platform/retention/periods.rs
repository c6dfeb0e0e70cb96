//! How long each class is kept now: what the environment says, unless the console says otherwise.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{UserId, governance::retention_override};

use super::{Class, Term, queries::overrides};
use crate::platform::{
    config::{MAX_RETENTION_DAYS, RetentionConfig},
    db::{Change, Db, DbErr, DbError, Entity, Txn},
};

/// Who says how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    Environment,
    Console,
    /// Nobody can say otherwise.
    Fixed,
}

impl Source {
    /// The word that operators see.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Console => "console",
            Self::Fixed => "fixed",
        }
    }
}

/// How long a class is kept, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) class: Class,
    pub(crate) term: Term,
    pub(crate) source: Source,
    /// What would hold without the console.
    pub(crate) configured: Term,
}

impl Period {
    /// Whether an admin has set it.
    pub(crate) fn is_from_console(&self) -> bool {
        self.source == Source::Console
    }

    /// What was over before this instant may go.
    pub(crate) fn over_before(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let Term::After(period) = self.term else {
            return None;
        };
        TimeDelta::from_std(period)
            .ok()
            .and_then(|period| now.checked_sub_signed(period))
    }
}

/// The periods of this house. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Periods {
    db: Db,
    configured: Arc<RetentionConfig>,
}

/// The class has no period that could be set, or not such a one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeriodRefused {
    #[error("the class `{}` has no period: it lasts until {}", .0.name(), .1)]
    Fixed(Class, &'static str),
    #[error("`days` must be 0 to {MAX_RETENTION_DAYS}; 0 keeps")]
    OutOfRange,
}

impl Periods {
    pub(crate) fn new(db: Db, configured: RetentionConfig) -> Self {
        Self {
            db,
            configured: Arc::new(configured),
        }
    }

    /// Of every class.
    pub(crate) async fn all(&self) -> Result<Vec<Period>, DbError> {
        let overrides = overrides::all(self.db.read()).await?;
        let defaults = RetentionConfig::defaults();
        let period = |class| self.period(class, &defaults, &overrides);
        Ok(Class::ALL.into_iter().map(period).collect())
    }

    /// Of one class.
    pub(crate) async fn of(&self, class: Class) -> Result<Period, DbError> {
        let overrides = overrides::all(self.db.read()).await?;
        Ok(self.period(class, &RetentionConfig::defaults(), &overrides))
    }

    fn period(
        &self,
        class: Class,
        defaults: &RetentionConfig,
        overrides: &[retention_override::Model],
    ) -> Period {
        let configured = class.term(&self.configured);
        let set = overrides.iter().find(|set| set.class == class.name());
        let (term, source) = match set {
            _ if class.is_fixed() => (configured, Source::Fixed),
            Some(set) => (of_days(set.days), Source::Console),
            None if configured == class.term(defaults) => (configured, Source::Default),
            None => (configured, Source::Environment),
        };
        Period {
            class,
            term,
            source,
            configured,
        }
    }

    /// What a class would be with so many days.
    pub(crate) fn with_days(class: Class, days: u32) -> Result<Period, PeriodRefused> {
        if let Term::Until(what) = class.term(&RetentionConfig::defaults()) {
            return Err(PeriodRefused::Fixed(class, what));
        }
        let days = i32::try_from(days)
            .ok()
            .filter(|days| u64::try_from(*days).is_ok_and(|days| days <= MAX_RETENTION_DAYS))
            .ok_or(PeriodRefused::OutOfRange)?;
        Ok(Period {
            class,
            term: of_days(days),
            source: Source::Console,
            configured: of_days(days),
        })
    }

    /// The days that an admin has set for a class.
    pub(crate) async fn set_days_in(txn: &Txn, class: Class) -> Result<Option<u32>, DbErr> {
        let set = overrides::of(txn, class.name()).await?;
        Ok(set.and_then(|set| u32::try_from(set.days).ok()))
    }

    /// Sets the days of a class; the caller has asked [`Periods::with_days`].
    pub(crate) async fn set_in(
        txn: &Txn,
        class: Class,
        days: u32,
        by: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        announce(txn, class);
        overrides::set(txn, class.name(), days, by, now).await
    }

    /// Lets the environment decide again.
    pub(crate) async fn reset_in(txn: &Txn, class: Class) -> Result<(), DbErr> {
        announce(txn, class);
        overrides::reset(txn, class.name()).await
    }
}

/// Tells the live feed.
fn announce(txn: &Txn, class: Class) {
    txn.announce(Change {
        entity: Entity::Retention,
        id: class.name().to_owned(),
        user_id: None,
        rev: 0,
    });
}

fn of_days(days: i32) -> Term {
    match u64::try_from(days) {
        Ok(days @ 1..) => Term::After(Duration::from_hours(24 * days)),
        _ => Term::Kept,
    }
}
