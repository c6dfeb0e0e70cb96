//! Pages of lists: filtered, sorted, and taken up again where the last page ended.
//!
//! A page begins after the row that the one before ended with (keyset paging): what is added or
//! removed meanwhile neither doubles nor hides a row that stays where it is. The cursor is opaque and
//! carries filter, order and the moment of the first page, so that `age>2h` means the same on every
//! page. The owner of a table says by [`Columns`] what the list's fields are in SQL; [`Listing`] does
//! the rest.

mod columns;
mod condition;
mod cursor;
mod key;
mod listing;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use columns::{Column, Columns, Linked};
pub(crate) use key::Key;
pub(crate) use listing::{Listing, Page};
pub(crate) use rows::Sorted;

use api::filter::FilterError;
use chrono::{DateTime, Utc};

/// Rows of a page when none are asked for.
const USUAL: u64 = 50;
/// Most rows of a page.
const MOST: u64 = 200;
/// A count ends here and says so.
pub(crate) const COUNTED: u64 = 10_000;

/// How many rows match, up to [`COUNTED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) exact: bool,
}

impl Counted {
    /// From a count that was told to stop one beyond the bound.
    pub(crate) fn of(counted: u64) -> Self {
        Self {
            count: counted.min(COUNTED),
            exact: counted <= COUNTED,
        }
    }

    /// As the wire has it.
    pub(crate) fn told(self, as_of: DateTime<Utc>) -> api::console::Count {
        api::console::Count {
            count: i64::try_from(self.count).unwrap_or(i64::MAX),
            exact: self.exact,
            as_of,
        }
    }
}

/// Why a page cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PagingError {
    #[error("Must be between 1 and {MOST}")]
    Limit,
    #[error("{0}")]
    Filter(FilterError),
    #[error(
        "Cannot sort by {asked:?}; {allowed} can be sorted by, with - before it for the reverse"
    )]
    Sort { asked: String, allowed: String },
    #[error("This cursor was not given by this server; begin again without one")]
    Cursor,
    #[error("This cursor belongs to another list, filter or order; begin again without one")]
    CursorMismatch,
}
