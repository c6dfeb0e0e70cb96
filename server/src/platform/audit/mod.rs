//! The record of what admins did and what was deleted: appended, hash-chained, verifiable.
//!
//! Entries hold ids, never names, addresses or content: a person can be erased without breaking the
//! chain.

mod chain;
mod entries;
mod origin;
mod queries;
mod retention;
#[cfg(test)]
mod tests;

pub(crate) use chain::Broken;
use entries::{ENTRY, UNDO};
pub(crate) use origin::{Act, By, UndoRefusal, Undoing, Via};

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    governance::{audit_entry::Model, audit_head},
};
use tracing::Span;

use super::{
    clock::Clock,
    db::{Change, Db, DbErr, DbError, Entity, Txn, WriteKey},
    secrets,
};
use chain::{Link, Walk};

/// What the key of the chain is derived for.
const PURPOSE: &str = "binnacle audit v1";
/// Entries read in one go.
const PAGE: u64 = 1_000;

/// An act to be put on record.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    /// `None` is the server itself.
    pub(crate) actor: Option<UserId>,
    /// A verb and its object, such as `set_budget`.
    pub(crate) action: &'static str,
    pub(crate) target_type: Option<&'static str>,
    pub(crate) target_id: Option<String>,
    /// Ids, numbers and settings; no names, no content.
    pub(crate) metadata: serde_json::Value,
}

/// An act on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditEntry {
    pub(crate) id: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) actor: Option<UserId>,
    pub(crate) action: String,
    pub(crate) target_type: Option<String>,
    pub(crate) target_id: Option<String>,
    /// JSON.
    pub(crate) metadata: String,
    /// Hexadecimal.
    pub(crate) hash: String,
}

impl From<Model> for AuditEntry {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            actor: row.actor_user_id,
            action: row.action,
            target_type: row.target_type,
            target_id: row.target_id,
            metadata: row.metadata,
            hash: row.hash,
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// Entries that are as they were written, counted from the first that is left.
    pub(crate) sound: i64,
    /// The id of the last of them: where the log was cut, when there is none.
    pub(crate) good_to: i64,
    /// The first broken link.
    pub(crate) broken: Option<Broken>,
    /// The hash of the newest entry. Kept outside the database it also proves that the newest
    /// entries were not taken off together with the head.
    pub(crate) head: String,
}

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Audit {
    db: Db,
    clock: Arc<dyn Clock>,
    /// The first writes; all verify.
    keys: Arc<[[u8; 32]]>,
}

impl Audit {
    /// `secret` is the operator's; `previous` those that it replaced, whose entries still verify.
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, secret: &[u8], previous: &[&[u8]]) -> Self {
        let keys = std::iter::once(secret)
            .chain(previous.iter().copied())
            .map(|secret| secrets::derive(secret, PURPOSE))
            .collect();
        Self { db, clock, keys }
    }

    /// Puts an act on record that is no part of a larger write.
    pub(crate) async fn record(&self, event: AuditEvent) -> Result<i64, DbError> {
        self.db
            .write(
                WriteKey::Free,
                (self.clone(), event),
                |txn, (audit, event)| Box::pin(audit.record_in(txn, event)),
            )
            .await
    }

    /// Puts an act on record, in the transaction that does it, as its last statement: the head of
    /// the chain is a row that everybody's acts wait for. Returns the entry's id.
    pub(crate) async fn record_in(&self, txn: &Txn, event: &AuditEvent) -> Result<i64, DbErr> {
        let head = queries::advance_head(txn).await?;
        let metadata = event.metadata.to_string();
        let created_at = self.clock.now();
        let hash = Link {
            id: head.last_id,
            created_at,
            actor: event.actor.map(|actor| actor.0),
            action: event.action,
            target_type: event.target_type,
            target_id: event.target_id.as_deref(),
            metadata: &metadata,
            previous_hash: &head.last_hash,
        }
        .hash(&self.keys[0]);
        queries::set_head_hash(txn, &hash).await?;
        queries::insert(
            txn,
            queries::NewEntry {
                id: head.last_id,
                created_at,
                actor: event.actor,
                action: event.action.into(),
                target_type: event.target_type.map(Into::into),
                target_id: event.target_id.clone(),
                metadata,
                previous_hash: head.last_hash,
                hash,
            },
        )
        .await?;
        txn.announce(Change {
            entity: Entity::Audit,
            id: head.last_id.to_string(),
            user_id: event.actor,
            rev: head.last_id,
        });
        log_once_committed(txn, event, head.last_id);
        Ok(head.last_id)
    }

    /// The newest entries first, before entry `before` when given; of some `actions` only, when any
    /// are given.
    pub(crate) async fn list(
        &self,
        limit: u64,
        before: Option<i64>,
        actions: &[&str],
    ) -> Result<Vec<AuditEntry>, DbError> {
        let rows = queries::descending(self.db.read(), before, actions, limit).await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    /// The entries after entry `after`, the oldest first.
    pub(crate) async fn after(&self, after: i64, limit: u64) -> Result<Vec<AuditEntry>, DbError> {
        let rows = queries::ascending(self.db.read(), after, i64::MAX, limit).await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    /// Walks the whole chain up to where it stood at the call.
    pub(crate) async fn verify(&self) -> Result<Verification, DbError> {
        loop {
            let head = queries::head(self.db.read()).await?;
            let found = self.walk(&head).await?;
            // Entries that a sweep took meanwhile are missed by nobody.
            let now = queries::head(self.db.read()).await?;
            if found.broken.is_none() || now.cut_id == head.cut_id {
                return Ok(found);
            }
        }
    }

    async fn walk(&self, head: &audit_head::Model) -> Result<Verification, DbError> {
        let verification = |good_to, broken| Verification {
            sound: good_to - head.cut_id,
            good_to,
            broken,
            head: head.last_hash.clone(),
        };
        let mut walk = match Walk::under(&self.keys, head) {
            Ok(walk) => walk,
            Err(broken) => return Ok(verification(head.cut_id, Some(broken))),
        };
        let broken = loop {
            let page =
                queries::ascending(self.db.read(), walk.last_id(), head.last_id, PAGE).await?;
            if page.is_empty() {
                break match walk.end(head.last_id, &head.last_hash) {
                    Ok(()) => self.beyond_head().await?,
                    Err(broken) => Some(broken),
                };
            }
            if let Err(broken) = page.iter().try_for_each(|row| walk.step(row)) {
                break Some(broken);
            }
        };
        Ok(verification(walk.last_id(), broken))
    }

    /// Entries after the one that the head names would mean that the head was set back.
    async fn beyond_head(&self) -> Result<Option<Broken>, DbError> {
        let newest = queries::descending(self.db.read(), None, &[], 1).await?;
        // Read after the newest entry: an entry that is being written moves the head first.
        let head = queries::head(self.db.read()).await?;
        Ok(newest
            .first()
            .filter(|newest| newest.id > head.last_id)
            .map(|_| Broken::Head))
    }
}

/// One line for each act, with the ids of the request that it came with.
fn log_once_committed(txn: &Txn, event: &AuditEvent, audit_id: i64) {
    let span = Span::current();
    let (action, target_type) = (event.action, event.target_type);
    let (actor_id, target_id) = (event.actor.map(|actor| actor.0), event.target_id.clone());
    txn.after_commit(move || {
        let _in_request = span.entered();
        tracing::info!(
            event = "act",
            action,
            audit_id,
            actor_id,
            target_type,
            target_id
        );
    });
}
