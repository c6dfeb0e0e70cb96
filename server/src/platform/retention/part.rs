//! What an owner says about the data that it keeps.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;

use super::{Class, Exporter, RetentionError, Sweep, Tally};

/// Where data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Place {
    /// A table of the database.
    Table(&'static str),
    /// Blobs with this prefix.
    Blobs(&'static str),
    /// Files on the disk of one process.
    Files(&'static str),
    /// Keys of Redis, of the house's prefix.
    Redis(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(name) => write!(out, "table {name}"),
            Self::Blobs(prefix) => write!(out, "blobs {prefix}/"),
            Self::Files(name) => write!(out, "files {name}"),
            Self::Redis(pattern) => write!(out, "Redis {pattern}"),
        }
    }
}

/// A place, its class, and why it is left alone where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    pub(crate) place: Place,
    pub(crate) class: Class,
    /// Why no expirer deletes from it, though its class has a period.
    pub(crate) not_expired: Option<&'static str>,
    /// Why no eraser deletes from it, though it refers to users.
    pub(crate) not_erased: Option<&'static str>,
}

/// Deletes what has outlived its class.
#[async_trait]
pub(crate) trait Expirer: Send + Sync {
    /// The class whose period decides.
    fn class(&self) -> Class;

    /// Where it deletes.
    fn places(&self) -> &'static [Place];

    /// What [`Expirer::expire_batch`] would delete until nothing is left, and what it would spare
    /// though its time was over `before`.
    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError>;

    /// Deletes about as many rows or files as the sweep's limit says whose time was over before its
    /// instant, and tells what; nothing means that there are none left. Spares what a queued or
    /// running job, or an open stream, needs.
    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError>;
}

/// Deletes what a user has left.
#[async_trait]
pub(crate) trait Eraser: Send + Sync {
    /// Where it deletes.
    fn places(&self) -> &'static [Place];

    /// Deletes or blanks about `limit` rows of the user, and tells how many; 0 means that nothing
    /// more can be erased now.
    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError>;

    /// How many rows of the user are left, counted anew.
    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError>;
}

/// What one owner registers.
#[derive(Default)]
pub(crate) struct Part {
    pub(super) holdings: Vec<Holding>,
    pub(super) expirers: Vec<Arc<dyn Expirer>>,
    pub(super) erasers: Vec<Arc<dyn Eraser>>,
    pub(super) exporters: Vec<Arc<dyn Exporter>>,
}

impl Part {
    /// A place that is deleted from by whatever names it.
    #[must_use]
    pub(crate) fn holds(self, place: Place, class: Class) -> Self {
        self.holding(Holding {
            place,
            class,
            not_expired: None,
            not_erased: None,
        })
    }

    /// A place with a reason to be left alone.
    #[must_use]
    pub(crate) fn holding(mut self, holding: Holding) -> Self {
        self.holdings.push(holding);
        self
    }

    #[must_use]
    pub(crate) fn expired_by(mut self, expirer: impl Expirer + 'static) -> Self {
        self.expirers.push(Arc::new(expirer));
        self
    }

    #[must_use]
    pub(crate) fn erased_by(mut self, eraser: impl Eraser + 'static) -> Self {
        self.erasers.push(Arc::new(eraser));
        self
    }

    #[must_use]
    pub(crate) fn exported_by(mut self, exporter: impl Exporter + 'static) -> Self {
        self.exporters.push(Arc::new(exporter));
        self
    }
}
