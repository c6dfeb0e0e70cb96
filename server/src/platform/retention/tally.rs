//! What goes, in numbers.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entities::UserId;

/// What was deleted, or would be. Bytes are those of blobs and files, and of the texts in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    /// Blobs and files.
    pub(crate) blobs: u64,
    pub(crate) bytes: u64,
    /// Whose it is.
    pub(crate) users: BTreeSet<UserId>,
    /// When the oldest of it was made, or ended.
    pub(crate) oldest: Option<DateTime<Utc>>,
    /// Rows that stay though their time is over: work under way needs them.
    pub(crate) held_back: u64,
}

impl Tally {
    /// So many blobs or files, of so many bytes in all.
    pub(crate) fn of_blobs(blobs: u64, bytes: u64) -> Self {
        Self {
            blobs,
            bytes,
            ..Self::default()
        }
    }

    /// Whether nothing goes.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0 && self.blobs == 0
    }

    /// Adds what else goes.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.blobs += other.blobs;
        self.bytes += other.bytes;
        self.users.extend(other.users);
        self.oldest = match (self.oldest, other.oldest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.held_back += other.held_back;
    }
}
