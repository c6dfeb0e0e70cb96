//! What every list does: reads what is asked for, looks, and tells.

use api::{
    console::{Count, CountQuery, ListQuery},
    filter::Schema,
};

use super::Administration;
use crate::platform::{
    http::{Json, Problem},
    paging::{Counted, Listing, Page},
};

impl Administration {
    /// A page of a list, whose cursors are good for this list alone.
    pub(super) async fn listed<T, E>(
        &self,
        list: impl Into<String>,
        schema: &Schema,
        query: ListQuery,
        look: impl AsyncFnOnce(&Listing) -> Result<Page<T>, E>,
    ) -> Result<Page<T>, Problem>
    where
        Problem: From<E>,
    {
        let listing = Listing::read(list, schema, query, self.0.clock.now())?;
        Ok(look(&listing).await?)
    }

    /// How many rows of a list match.
    pub(super) async fn counted<E>(
        &self,
        schema: &Schema,
        query: &CountQuery,
        look: impl AsyncFnOnce(&Listing) -> Result<Counted, E>,
    ) -> Result<Json<Count>, Problem>
    where
        Problem: From<E>,
    {
        let listing = Listing::counting(schema, query, self.0.clock.now())?;
        Ok(Json(look(&listing).await?.told(listing.now())))
    }
}
