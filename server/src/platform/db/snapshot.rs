//! A copy of an SQLite database as it is at one moment, made while others read and write.

use std::path::Path;

use sea_orm::{ConnectionTrait, Database, DatabaseBackend, Statement};

use super::{DbError, connect::sqlite};

/// Writes what `from` holds now into the new file `to`, and proves that the copy is sound. Readers and
/// writers go on meanwhile.
pub(crate) async fn snapshot(from: &Path, to: &Path) -> Result<(), DbError> {
    let target = to.to_str().ok_or(DbError::PathNotUtf8)?;
    let source = Database::connect(sqlite(from, 1, false)?).await?;
    let copied = source
        .execute_raw(Statement::from_sql_and_values(
            DatabaseBackend::Sqlite,
            "VACUUM INTO $1",
            [target.into()],
        ))
        .await;
    source.close().await?;
    copied?;
    let copy = Database::connect(sqlite(to, 1, true)?).await?;
    let verdict = copy
        .query_one_raw(Statement::from_string(
            DatabaseBackend::Sqlite,
            "PRAGMA integrity_check",
        ))
        .await;
    copy.close().await?;
    let verdict: Option<String> = verdict?.map(|row| row.try_get_by_index(0)).transpose()?;
    match verdict.as_deref() {
        Some("ok") => Ok(()),
        _ => Err(DbError::Damaged),
    }
}
