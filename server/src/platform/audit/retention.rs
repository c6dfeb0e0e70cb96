//! How long the audit log is kept: its oldest entries are cut off, and a signed checkpoint stands for
//! them, from which the chain goes on.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;
use serde_json::{Value, json};

use super::{Audit, AuditEntry, chain, queries};
use crate::platform::{
    db::WriteKey,
    retention::{
        Class, Cursor, Expirer, Exporter, Holding, Page, Part, Place, RetentionError, Sweep, Tally,
    },
};

const LOG: Place = Place::Table("audit_log");
/// Why an erased user's entries stay.
const IDS_ONLY: &str =
    "entries hold ids alone, and the id of an erased user is nobody's name: the chain stays whole";

impl Audit {
    /// What the audit log registers.
    pub(crate) fn retention(&self) -> Part {
        Part::default()
            .holding(Holding {
                place: LOG,
                class: Class::Audit,
                not_expired: None,
                not_erased: Some(IDS_ONLY),
            })
            .holds(Place::Table("audit_head"), Class::House)
            .expired_by(OldEntries(self.clone()))
            .exported_by(About(self.clone()))
    }
}

/// The entries before the first that is young enough to stay.
struct OldEntries(Audit);

#[async_trait]
impl Expirer for OldEntries {
    fn class(&self) -> Class {
        Class::Audit
    }

    fn places(&self) -> &'static [Place] {
        &[LOG]
    }

    async fn survey(&self, before: DateTime<Utc>) -> Result<Tally, RetentionError> {
        let old = queries::old_entries();
        Ok(old.survey(self.0.db.read(), &[before.into()]).await?)
    }

    async fn expire_batch(&self, sweep: &Sweep) -> Result<Tally, RetentionError> {
        let input = (self.0.clone(), sweep.before, sweep.limit);
        sweep
            .delete(
                &self.0.db,
                WriteKey::Free,
                input,
                |txn, (audit, before, limit)| {
                    Box::pin(async move {
                        queries::lock_head(txn).await?;
                        let cut = queries::oldest_entries(txn, *before, *limit).await?;
                        let Some(last) = cut.last() else {
                            return Ok(Tally::default());
                        };
                        let signature = chain::sign_cut(&audit.keys[0], last.id, &last.hash);
                        queries::cut(txn, last.id, &last.hash, &signature).await?;
                        queries::entries_until()
                            .delete(txn, &[last.id.into()], None)
                            .await
                    })
                },
            )
            .await
    }
}

/// What a user did, and what was done to them.
struct About(Audit);

#[async_trait]
impl Exporter for About {
    fn file(&self) -> &'static str {
        "audit.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let after = match after {
            Some(Cursor::BigInt(Some(id))) => id,
            _ => 0,
        };
        let found = queries::about(self.0.db.read(), user, after, limit).await?;
        let last = found.last().filter(|_| found.len() as u64 >= limit);
        Ok(Page {
            next: last.map(|row| row.id.into()),
            rows: found
                .into_iter()
                .map(AuditEntry::from)
                .map(|row| entry(&row))
                .collect(),
            ..Page::default()
        })
    }
}

fn entry(row: &AuditEntry) -> Value {
    json!({
        "id": row.id,
        "at": row.created_at,
        "actor_id": row.actor,
        "action": row.action,
        "target_type": row.target_type,
        "target_id": row.target_id,
        "metadata": row.metadata,
    })
}
