//! The expirer of plain tables.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Class, Expirer, Expiring, Place, RetentionError, Sweep, Tally};
use crate::platform::db::{Db, WriteKey};

/// Deletes rows of tables, one table after the other: what belongs to a row before the row itself,
/// so that no cascade makes a step longer than it looks.
pub(crate) struct Rows {
    pub(crate) db: Db,
    pub(crate) class: Class,
    pub(crate) places: &'static [Place],
    pub(crate) tables: Vec<Expiring>,
}

#[async_trait]
impl Expirer for Rows {
    fn class(&self) -> Class {
        self.class
    }

    fn places(&self) -> &'static [Place] {
        self.places
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        let mut all = Tally::default();
        for table in &self.tables {
            all.add(table.survey(self.db.read(), &[before.into()]).await?);
        }
        Ok(all)
    }

    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        for table in &self.tables {
            let input = (table.clone(), sweep.before, sweep.limit);
            let deleted = sweep
                .delete(
                    &self.db,
                    WriteKey::Free,
                    input,
                    |txn, (table, before, limit)| {
                        Box::pin(async move {
                            table.delete(txn, &[(*before).into()], Some(*limit)).await
                        })
                    },
                )
                .await?;
            if !deleted.is_empty() {
                return Ok(deleted);
            }
        }
        Ok(Tally::default())
    }
}
