//! All parts together: what is kept, for how long, and the two ways in which it goes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::UserId;
use tokio_util::sync::CancellationToken;

use super::{
    BATCH, Class, Eraser, Expirer, Exporter, Holding, Part, Place, RetentionError, Sweep, Table,
    Tally,
    queries::schema::{self, rows_of_user},
};
use crate::platform::db::Db;

/// Passes over all erasers, for what an act under way writes behind their backs.
const ERASURE_PASSES: usize = 3;

/// Every place of data in the house. Erasers work in the order in which their parts were added.
/// Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    holdings: Vec<Holding>,
    expirers: Vec<Arc<dyn Expirer>>,
    erasers: Vec<Arc<dyn Eraser>>,
    exporters: Vec<Arc<dyn Exporter>>,
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
        self.exporters.extend(part.exporters);
        self
    }

    /// Every place with its class.
    pub(crate) fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    /// Who gives a user what is theirs.
    pub(crate) fn exporters(&self) -> &[Arc<dyn Exporter>] {
        &self.exporters
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

    /// What a sweep of a class would delete.
    pub(crate) async fn survey(
        &self,
        class: Class,
        before: DateTime<Utc>,
    ) -> Result<Tally, RetentionError> {
        let mut all = Tally::default();
        for expirer in self.of(class) {
            all.add(expirer.survey(before).await?);
        }
        Ok(all)
    }

    /// Deletes everything of a class whose time was over before the sweep's instant, in small steps,
    /// until there is none left or `stop`. A call that was cut short is taken up by the next.
    pub(crate) async fn sweep(
        &self,
        class: Class,
        sweep: &Sweep,
        stop: &CancellationToken,
    ) -> Result<Tally, RetentionError> {
        let mut all = Tally::default();
        for expirer in self.of(class) {
            while !stop.is_cancelled() {
                let batch = expirer.expire_batch(sweep).await?;
                if batch.is_empty() {
                    break;
                }
                all.add(batch);
            }
        }
        Ok(all)
    }

    fn of(&self, class: Class) -> impl Iterator<Item = &dyn Expirer> {
        self.expirers
            .iter()
            .map(AsRef::as_ref)
            .filter(move |expirer| expirer.class() == class)
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
                    fail::fail_point!("erase-batch");
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

    /// The tables of which some row names the user, by a walk over the schema that asks no eraser:
    /// first those that should not, then those that keep the number for a reason.
    pub(crate) async fn named_in(
        &self,
        db: &Db,
        user: UserId,
    ) -> Result<(Vec<(String, u64)>, Vec<(String, u64)>), RetentionError> {
        let (mut left, mut kept) = (Vec::new(), Vec::new());
        for table in schema::tables(db).await? {
            let count = rows_of_user(db, &table, user).await?;
            if count == 0 {
                continue;
            }
            let list = if self.keeps(&table) {
                &mut kept
            } else {
                &mut left
            };
            list.push((table.name, count));
        }
        Ok((left, kept))
    }

    /// Whether a table keeps the number of an erased user for a reason.
    fn keeps(&self, table: &Table) -> bool {
        self.holdings.iter().any(|holding| {
            holding.not_erased.is_some()
                && matches!(holding.place, Place::Table(name) if name == table.name)
        })
    }

    /// How many rows the tables of a class have, and how many bytes of disk they take.
    pub(crate) async fn stock(&self, db: &Db, class: Class) -> Result<(u64, u64), RetentionError> {
        let (mut rows, mut bytes) = (0, 0);
        let there = schema::tables(db).await?;
        for holding in self.holdings.iter().filter(|held| held.class == class) {
            let Place::Table(name) = holding.place else {
                continue;
            };
            if there
                .iter()
                .any(|table| table.name == name && !table.is_virtual)
            {
                let (of_table, on_disk) = schema::size(db, name).await?;
                rows += of_table;
                bytes += on_disk;
            }
        }
        Ok((rows, bytes))
    }
}
