//! What can go wrong with the database, sorted by what the caller can do about it.

use sea_orm::{DbErr, RuntimeErr};

/// A failure of the database. Its text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    /// The database does not answer, or the server is stopping; the same call may succeed later. A
    /// write may have been committed all the same: its answer was lost.
    #[error("the database is not reachable")]
    Unavailable(#[source] Option<DbErr>),
    /// The disk is full, for the database at least; nothing of the write is left.
    #[error("the database has no room to write")]
    Full(#[source] DbErr),
    /// A unique index refused the row.
    #[error("a row with this key exists already")]
    Duplicate(#[source] DbErr),
    /// SQLite could corrupt its log when several processes write.
    #[error("SQLite {found} is too old: 3.51.3 or newer is needed")]
    SqliteTooOld {
        /// The version that is linked.
        found: String,
    },
    /// The path of the database file cannot be given to SQLite.
    #[error("the path of the database file is not valid UTF-8")]
    PathNotUtf8,
    /// The schema belongs to a newer program.
    #[error("the database schema is newer than this program ({newest}); start a newer version")]
    SchemaTooNew {
        /// The newest migration found.
        newest: String,
    },
    /// A copy of the database is not what it should be.
    #[error("the copy of the database is damaged")]
    Damaged,
    /// Anything else: a bug or a damaged database.
    #[error("the database refused a statement")]
    Failed(#[source] DbErr),
}

impl From<DbErr> for DbError {
    fn from(error: DbErr) -> Self {
        if matches!(
            error.sql_err(),
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_))
        ) {
            return Self::Duplicate(error);
        }
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner))
                if is_full(inner) =>
            {
                Self::Full(error)
            }
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Self::Unavailable(Some(error)),
            DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner))
                if is_connection_loss(inner) || is_disk_failure(inner) =>
            {
                Self::Unavailable(Some(error))
            }
            _ => Self::Failed(error),
        }
    }
}

/// `SQLITE_FULL`, `SQLITE_IOERR_WRITE` (a file at the largest size that the system allows it), and
/// PostgreSQL's `disk_full`.
fn is_full(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database)
        if database.code().is_some_and(|code| ["13", "778", "53100"].contains(&&*code)))
}

/// `SQLITE_IOERR` in all its kinds: the low byte is 10.
fn is_disk_failure(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else {
        return false;
    };
    let code = database.code().and_then(|code| code.parse::<u32>().ok());
    // PostgreSQL's codes have five characters.
    code.is_some_and(|code| code < 10_000 && code & 0xff == 10)
}

fn is_connection_loss(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // 57P0x: the server is shutting down; 08xxx: connection failure; 25006: read-only standby;
        // 25P03: this process stood still inside the transaction, which is gone.
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code.starts_with("57P") || code.starts_with("08") || code == "25006" || code == "25P03"
        }),
        _ => false,
    }
}

/// Whether the database itself said no, so that nothing of the transaction is left; else it may have
/// committed, and only its answer is missing.
pub(super) fn is_refusal(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    matches!(&**inner, sqlx::Error::Database(_))
        && !is_connection_loss(inner)
        && (is_full(inner) || !is_disk_failure(inner))
}

/// `SQLITE_BUSY` in all its kinds: the low byte is 5.
pub(super) fn is_busy(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(database) = &**inner else {
        return false;
    };
    let code = database.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code < 10_000 && code & 0xff == 5)
}

/// Whether running the same transaction again may succeed: a deadlock or a serialisation failure.
pub(super) fn is_transient_conflict(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner))) =
        error
    else {
        return false;
    };
    matches!(&**inner, sqlx::Error::Database(database)
        if database.code().is_some_and(|code| code == "40P01" || code == "40001"))
}
