//! Deleting a store and bringing it back, however many documents it has.
//!
//! The store's own row decides what is seen: hidden first and shown last, it hides whatever is in
//! it. Its documents follow, a bounded number in each transaction, so that nobody waits for a large
//! store. What a process leaves undone that dies on the way is found and done by a duty.

use entities::{DocumentId, StoreId, UserId};
use futures_util::future::BoxFuture;
use sea_orm::DbErr;

use super::{Documents, DocumentsError, deletion::Times, error, queries};
use crate::platform::{
    audit::{Act, By},
    db::{DbError, Txn, WriteKey},
};

/// Documents of one transaction; each has a job or two, with their lines and holds.
const DOCUMENTS: u64 = 25;
/// Stores that the duty takes up at once.
const STORES: u64 = 100;

impl Documents {
    /// Hides a store and everything in it.
    pub(super) async fn delete_store(
        &self,
        user: UserId,
        id: StoreId,
    ) -> Result<(), DocumentsError> {
        self.store(user, id).await?;
        let input = (user, id, self.purge_time().await?);
        let deleted = self.act(
            self.0.budgets.key(user),
            input,
            |documents, txn, (user, id, times)| {
                Box::pin(async move {
                    if queries::delete_store(txn, *id, *user, times.now).await? {
                        documents
                            .record(txn, *user, "delete_store", "store", id.0)
                            .await?;
                    }
                    Ok(())
                })
            },
        );
        deleted.await?;
        fail::fail_point!("store-hidden");
        let documents = self.clone();
        let follow = async move { documents.delete_what_is_in(user, id, input.2).await };
        let followed = self.0.tasks.carry_through("delete-store", follow).await;
        followed.ok_or(DocumentsError::Database(DbError::Unavailable(None)))?
    }

    async fn delete_what_is_in(
        &self,
        user: UserId,
        id: StoreId,
        times: Times,
    ) -> Result<(), DocumentsError> {
        // Each is come by once: what somebody brings back meanwhile is theirs, and neither waits for
        // the other to give up.
        let mut after = Some(DocumentId(0));
        while let Some(last) = after {
            let page = self.batch(
                self.0.budgets.key(user),
                (user, id, times, last),
                |documents, txn, (user, id, times, last)| {
                    Box::pin(async move {
                        let of_store = (*id, *last);
                        let page = queries::delete_documents_of(
                            txn, of_store, *user, times.now, DOCUMENTS,
                        );
                        let page = page.await?;
                        for document in &page {
                            documents
                                .withdraw(txn, *user, *document, times.purge)
                                .await?;
                        }
                        Ok(page)
                    })
                },
            );
            let page = page.await?;
            after = page
                .last()
                .copied()
                .filter(|_| page.len() as u64 >= DOCUMENTS);
        }
        Ok(())
    }

    /// Goes on where a process died that was deleting a store.
    pub(crate) async fn finish_deletions(&self) -> Result<(), DocumentsError> {
        let unfinished = queries::half_deleted_stores(self.0.db.read(), STORES)
            .await
            .map_err(error::db)?;
        for store in unfinished {
            let deleted_at = store.deleted_at.unwrap_or_else(|| self.0.clock.now());
            let times = self.times_of(deleted_at).await?;
            self.delete_what_is_in(store.user_id, store.id, times)
                .await?;
            tracing::info!(event = "store_deletion_finished", store_id = store.id.0);
        }
        Ok(())
    }

    /// Brings a store back with what was deleted with it and is still whole. Answers the act on
    /// record.
    pub(crate) async fn restore_store(&self, by: &By, id: StoreId) -> Result<i64, DocumentsError> {
        let (documents, by) = (self.clone(), by.clone());
        let restore = async move { documents.restore_all(&by, id).await };
        let restored = self.0.tasks.carry_through("restore-store", restore).await;
        restored.ok_or(DocumentsError::Database(DbError::Unavailable(None)))?
    }

    async fn restore_all(&self, by: &By, id: StoreId) -> Result<i64, DocumentsError> {
        let owner = self.any_store(id).await?.user_id;
        loop {
            while self.restore_what_is_in(owner, id).await? {}
            // Whoever finishes a deletion may have been at it meanwhile.
            if let Some(act) = self.show_store(by, owner, id).await? {
                return Ok(act);
            }
        }
    }

    /// Takes back the deletion of some documents. False: of all.
    async fn restore_what_is_in(&self, owner: UserId, id: StoreId) -> Result<bool, DocumentsError> {
        let restored = self.batch(self.0.budgets.key(owner), id, |documents, txn, id| {
            Box::pin(async move {
                let page = queries::restore_documents_of(txn, *id, DOCUMENTS).await?;
                for document in &page {
                    documents.came_back(txn, document).await?;
                }
                Ok(!page.is_empty())
            })
        });
        restored.await
    }

    /// `None`: there are documents yet to be brought back.
    async fn show_store(
        &self,
        by: &By,
        owner: UserId,
        id: StoreId,
    ) -> Result<Option<i64>, DocumentsError> {
        self.act(
            self.0.budgets.key(owner),
            (by.clone(), id),
            |documents, txn, (by, id)| {
                Box::pin(async move {
                    if queries::lock_store(txn, *id).await?.is_none() {
                        return Ok(Err(DocumentsError::StoreNotFound));
                    }
                    if !queries::restore_store(txn, *id).await? {
                        return Ok(Ok(None));
                    }
                    let act = Act::on("restore_store", "store", id.to_string());
                    let entry = documents.0.audit.record_act_in(txn, by, act).await?;
                    Ok(Ok(Some(entry)))
                })
            },
        )
        .await?
    }

    /// Does one bounded part of a thing in a transaction of its own.
    async fn batch<I, T, W>(&self, key: WriteKey, input: I, work: W) -> Result<T, DocumentsError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Self, &'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>>
            + Send
            + Sync
            + 'static,
    {
        let input = (self.clone(), input, work);
        let done = self
            .0
            .db
            .write_alone(key, input, |txn, (documents, input, work)| {
                work(documents, txn, input)
            });
        Ok(done.await?)
    }
}
