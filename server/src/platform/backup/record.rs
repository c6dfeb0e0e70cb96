//! When the house was last backed up, and when a backup was last proved to be one.

use chrono::{DateTime, Utc};
use entities::{BackupKind, governance::backup_run};

use super::queries;
use crate::platform::db::{Db, DbError, WriteKey};

/// The newest of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) backup: Option<backup_run::Model>,
    pub(crate) verification: Option<backup_run::Model>,
}

/// Notes a backup, or its verification.
pub(crate) async fn record(
    db: &Db,
    kind: BackupKind,
    bytes: u64,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let input = (kind, i64::try_from(bytes).unwrap_or(i64::MAX), now);
    db.write(WriteKey::Free, input, |txn, (kind, bytes, now)| {
        Box::pin(queries::insert(txn, *kind, *bytes, *now))
    })
    .await
}

/// What is on record.
pub(crate) async fn latest(db: &Db) -> Result<Recorded, DbError> {
    Ok(Recorded {
        backup: queries::latest(db.read(), BackupKind::Backup).await?,
        verification: queries::latest(db.read(), BackupKind::Verification).await?,
    })
}
