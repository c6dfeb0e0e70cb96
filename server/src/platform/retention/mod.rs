//! The life of data: every table, blob prefix and folder of files belongs to a class, and what holds
//! a user's data can be emptied of it.
//!
//! The owner of a table registers it ([`Part`]) with its class, with what deletes the rows whose time
//! is over ([`Expirer`]) and with what erases a user from it ([`Eraser`]). What is kept in spite of
//! either carries the reason. A test holds the registry against the migrated schema.

mod class;
mod error;
mod part;
mod registry;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub(crate) use class::{Class, Term};
pub(crate) use error::RetentionError;
pub(crate) use part::{Eraser, Expirer, Holding, Part, Place};
pub(crate) use registry::Registry;

/// Rows that one transaction deletes.
pub(crate) const BATCH: u64 = 200;
