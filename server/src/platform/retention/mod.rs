//! The life of data: every table, blob prefix and folder of files belongs to a class, and what holds
//! a user's data can be emptied of it.
//!
//! The owner of a table registers it ([`Part`]) with its class, with what deletes the rows whose time
//! is over ([`Expirer`]), with what erases a user from it ([`Eraser`]) and with what gives a user
//! what is theirs ([`Exporter`]). What is kept in spite of
//! either carries the reason. A test holds the registry against the migrated schema.

mod class;
mod error;
mod export;
mod own;
mod part;
mod periods;
mod queries;
mod registry;
mod rows;
mod sweep;
mod tally;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use class::{Class, Term};
pub(crate) use error::RetentionError;
pub(crate) use export::{Exporter, Original, Page};
pub(crate) use own::retention;
pub(crate) use part::{Eraser, Expirer, Holding, Part, Place};
pub(crate) use periods::{Period, PeriodRefused, Periods, Source};
#[cfg(test)]
pub(crate) use queries::schema::tables;
pub(crate) use queries::{
    erased_rows::ErasedRows,
    expiring::Expiring,
    rows_of::{Cursor, RowsOf, no_original},
    runs,
    schema::Table,
};
pub(crate) use registry::Registry;
pub(crate) use rows::Rows;
pub(crate) use sweep::Sweep;
pub(crate) use tally::Tally;

/// Rows that one transaction deletes.
pub(crate) const BATCH: u64 = 200;
