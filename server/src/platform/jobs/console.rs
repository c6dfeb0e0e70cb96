//! The list of jobs that admins filter and sort. The owner of the users says how their addresses are
//! found.

use std::collections::HashMap;

use entities::{JobId, jobs::job};

use super::{
    Jobs,
    bulk::BULK,
    queries::console::{self, Owners},
};
use crate::platform::{
    db::DbError,
    paging::{Counted, Listing, Page},
};

impl Jobs {
    /// A page of the jobs that a listing asks for.
    pub(crate) async fn listed(
        &self,
        listing: &Listing,
        owners: Owners,
    ) -> Result<Page<job::Model>, DbError> {
        Ok(console::page(self.0.db.read(), listing, owners).await?)
    }

    /// How many jobs a listing asks for.
    pub(crate) async fn counted(
        &self,
        listing: &Listing,
        owners: Owners,
    ) -> Result<Counted, DbError> {
        Ok(console::count(self.0.db.read(), listing, owners).await?)
    }

    /// How many of the jobs that a listing asks for have each value of a field; `None` when they are
    /// too many to walk.
    pub(crate) async fn tallied(
        &self,
        listing: &Listing,
        owners: Owners,
        field: &str,
    ) -> Result<Option<HashMap<String, i64>>, DbError> {
        Ok(console::tally(self.0.db.read(), listing, owners, field).await?)
    }

    /// The jobs that a listing asks for, as many as one act may be about and one more.
    pub(crate) async fn matching(
        &self,
        listing: &Listing,
        owners: Owners,
    ) -> Result<Vec<JobId>, DbError> {
        Ok(console::keys(self.0.db.read(), listing, owners, BULK + 1).await?)
    }
}
