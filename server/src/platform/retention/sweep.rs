//! One pass over a class: what it may delete, and the record that it keeps of what it has deleted.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::RetentionRunId;
use futures_util::future::BoxFuture;

use super::{BATCH, RetentionError, Tally, queries};
use crate::platform::{
    clock::Clock,
    db::{Db, DbErr, Txn, WriteKey},
};

/// A pass under way. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sweep {
    /// What was over before this instant goes.
    pub(crate) before: DateTime<Utc>,
    /// Rows of one transaction.
    pub(crate) limit: u64,
    run: Option<(RetentionRunId, Arc<dyn Clock>)>,
}

impl Sweep {
    /// A pass of which no record is kept.
    pub(crate) fn before(before: DateTime<Utc>) -> Self {
        Self {
            before,
            limit: BATCH,
            run: None,
        }
    }

    /// The same, on the record of a run.
    pub(crate) fn on_record(self, run: RetentionRunId, clock: Arc<dyn Clock>) -> Self {
        Self {
            run: Some((run, clock)),
            ..self
        }
    }

    /// Deletes by `work` in a transaction of its own, and puts what it deleted on the record of the
    /// run in that same transaction: a record never says more or less than what is gone.
    pub(crate) async fn delete<I, W>(
        &self,
        db: &Db,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<Tally, RetentionError>
    where
        I: Send + Sync + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<Tally, DbErr>>
            + Send
            + Sync
            + 'static,
    {
        let input = (self.clone(), input, work);
        let deleted = db
            .write_alone(key, input, |txn, (sweep, input, work)| {
                Box::pin(async move {
                    let deleted = work(txn, input).await?;
                    sweep.note(txn, &deleted).await?;
                    Ok(deleted)
                })
            })
            .await?;
        #[cfg(feature = "failpoints")]
        if !deleted.is_empty() {
            fail::fail_point!("retention-batch");
        }
        Ok(deleted)
    }

    /// Puts on record what was deleted outside the database.
    pub(crate) async fn deleted(&self, db: &Db, deleted: &Tally) -> Result<(), RetentionError> {
        let input = (self.clone(), deleted.clone());
        db.write(WriteKey::Free, input, |txn, (sweep, deleted)| {
            Box::pin(sweep.note(txn, deleted))
        })
        .await?;
        Ok(())
    }

    async fn note(&self, txn: &Txn, deleted: &Tally) -> Result<(), DbErr> {
        match &self.run {
            Some((run, clock)) if !deleted.is_empty() => {
                queries::runs::note(txn, *run, deleted, clock.now()).await
            }
            _ => Ok(()),
        }
    }
}
