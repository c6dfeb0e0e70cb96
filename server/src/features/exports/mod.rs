//! `/api/account/export`: a user takes everything of theirs along.

mod api;

pub(crate) use api::register;
