//! What a user is given of a table, row by row.

use async_trait::async_trait;
use entities::UserId;
use sea_orm::{
    ColumnTrait, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect, sea_query,
};
use serde_json::Value;

use crate::platform::{
    db::Db,
    retention::{Exporter, Original, Page, RetentionError},
};

/// Where a page of a file of rows begins: after the row of this key.
pub(crate) type Cursor = sea_query::Value;

/// The rows of one table that are a user's, in the order of their keys.
pub(crate) struct RowsOf<E: EntityTrait> {
    pub(crate) db: Db,
    /// In the archive.
    pub(crate) file: &'static str,
    /// The column that says whose a row is.
    pub(crate) owner: E::Column,
    pub(crate) key: E::Column,
    /// As the user is given it.
    pub(crate) shown: fn(&E::Model) -> Value,
    /// The file that belongs to a row.
    pub(crate) original: fn(&E::Model) -> Option<Original>,
}

#[async_trait]
impl<E> Exporter for RowsOf<E>
where
    E: EntityTrait,
    E::Column: Send + Sync,
    E::Model: ModelTrait<Entity = E> + Send + Sync,
{
    fn file(&self) -> &'static str {
        self.file
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let mut find = E::find().filter(self.owner.eq(user));
        if let Some(after) = after {
            find = find.filter(self.key.gt(after));
        }
        let found = find.order_by_asc(self.key).limit(limit);
        let found = found.all(self.db.read()).await?;
        // There may be more when there are as many as were asked for.
        let last = found.last().filter(|_| found.len() as u64 >= limit);
        Ok(Page {
            next: last.map(|row| row.get(self.key)),
            rows: found.iter().map(self.shown).collect(),
            files: found.iter().filter_map(self.original).collect(),
        })
    }
}

/// For rows that no file belongs to.
pub(crate) fn no_original<M>(_: &M) -> Option<Original> {
    None
}
