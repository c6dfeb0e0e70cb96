//! The statements of retention: rows that go, periods set from the console, the record of runs, and
//! the walk over the schema.

pub(crate) mod erased_rows;
pub(crate) mod expiring;
pub(super) mod overrides;
pub(crate) mod rows_of;
pub(crate) mod runs;
pub(crate) mod schema;
