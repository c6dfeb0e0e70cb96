//! All parts together: what is kept, for how long, and the two ways in which it goes.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entities::UserId;

use super::{BATCH, Class, Eraser, Expirer, Holding, Part, Place, RetentionError, Term};
use crate::platform::config::RetentionConfig;

/// Passes over all erasers, for what an act under way writes behind their backs.
const ERASURE_PASSES: usize = 3;

/// Every place of data in the house. Erasers work in the order in which their parts were added.
/// Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    holdings: Vec<Holding>,
    expirers: Vec<Arc<dyn Expirer>>,
    erasers: Vec<Arc<dyn Eraser>>,
}

/// What was deleted because its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    pub(crate) class: Class,
    pub(crate) places: &'static [Place],
    /// Rows or files.
    pub(crate) count: u64,
}

/// What became of an erasure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Erasure {
    /// Rows deleted or blanked.
    pub(crate) erased: u64,
    /// Rows that are still there, by where they are; empty when the user is erased. Rows that
    /// belong to a running job are left until it ends: erase again then.
    pub(crate) remaining: Vec<(&'static [Place], u64)>,
}

impl Registry {
    #[must_use]
    pub(crate) fn with(mut self, part: Part) -> Self {
        self.holdings.extend(part.holdings);
        self.expirers.extend(part.expirers);
        self.erasers.extend(part.erasers);
        self
    }

    /// Every place with its class.
    pub(crate) fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// Who deletes from a place when its time is over.
    pub(crate) fn expirers_of(&self, place: Place) -> impl Iterator<Item = &dyn Expirer> {
        self.expirers
            .iter()
            .map(AsRef::as_ref)
            .filter(move |expirer| expirer.places().contains(&place))
    }

    /// Whether a user's data goes from a place when the user is erased.
    pub(crate) fn erases(&self, place: Place) -> bool {
        self.erasers
            .iter()
            .any(|eraser| eraser.places().contains(&place))
    }

    /// Deletes everything whose time is over at `now`, in small steps. A call that was cut short is
    /// taken up by the next.
    pub(crate) async fn expire(
        &self,
        config: &RetentionConfig,
        now: DateTime<Utc>,
    ) -> Result<Vec<Expired>, RetentionError> {
        let mut expired = Vec::new();
        for expirer in &self.expirers {
            let Term::After(period) = expirer.class().term(config) else {
                continue;
            };
            let Some(before) = TimeDelta::from_std(period)
                .ok()
                .and_then(|period| now.checked_sub_signed(period))
            else {
                continue;
            };
            let mut count = 0;
            loop {
                let batch = expirer.expire_batch(before, BATCH).await?;
                if batch == 0 {
                    break;
                }
                count += batch;
            }
            expired.push(Expired {
                class: expirer.class(),
                places: expirer.places(),
                count,
            });
        }
        Ok(expired)
    }

    /// Erases a user from every place, then counts anew what is left.
    pub(crate) async fn erase(&self, user: UserId) -> Result<Erasure, RetentionError> {
        let mut erasure = Erasure::default();
        for _ in 0..ERASURE_PASSES {
            for eraser in &self.erasers {
                loop {
                    let batch = eraser.erase_batch(user, BATCH).await?;
                    if batch == 0 {
                        break;
                    }
                    erasure.erased += batch;
                }
            }
            erasure.remaining = self.remaining(user).await?;
            if erasure.remaining.is_empty() {
                break;
            }
        }
        Ok(erasure)
    }

    /// How many rows of a user there are, by where they are; places without any are left out.
    pub(crate) async fn remaining(
        &self,
        user: UserId,
    ) -> Result<Vec<(&'static [Place], u64)>, RetentionError> {
        let mut remaining = Vec::new();
        for eraser in &self.erasers {
            let count = eraser.remaining(user).await?;
            if count > 0 {
                remaining.push((eraser.places(), count));
            }
        }
        Ok(remaining)
    }
}
