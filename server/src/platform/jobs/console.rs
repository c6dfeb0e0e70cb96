//! The list of jobs that admins filter and sort. The owner's address is a part of the statement that
//! the owner of the users gives.

use entities::{JobId, jobs::job};
use sea_orm::sea_query::Expr;

use super::{Jobs, bulk::BULK, queries::console};
use crate::platform::{
    db::DbError,
    paging::{Counted, Listing, Page},
};

impl Jobs {
    /// In SQL, whose a job is.
    pub(crate) fn owner_id() -> Expr {
        Expr::col((job::Entity, job::Column::UserId))
    }

    /// A page of the jobs that a listing asks for.
    pub(crate) async fn listed(
        &self,
        listing: &Listing,
        owner: Expr,
    ) -> Result<Page<job::Model>, DbError> {
        Ok(console::page(self.0.db.read(), listing, owner).await?)
    }

    /// How many jobs a listing asks for.
    pub(crate) async fn counted(&self, listing: &Listing, owner: Expr) -> Result<Counted, DbError> {
        Ok(console::count(self.0.db.read(), listing, owner).await?)
    }

    /// The jobs that a listing asks for, as many as one act may be about and one more.
    pub(crate) async fn matching(
        &self,
        listing: &Listing,
        owner: Expr,
    ) -> Result<Vec<JobId>, DbError> {
        Ok(console::keys(self.0.db.read(), listing, owner, BULK + 1).await?)
    }
}
