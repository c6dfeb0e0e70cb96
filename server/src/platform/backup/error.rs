//! What can go wrong with a backup. The messages are for the operator at the terminal.

use std::path::{Path, PathBuf};

use crate::platform::{
    db::{DbErr, DbError},
    storage::StorageError,
};

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("{path}: {error}")]
    Io {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("{0} exists and is not empty; name a folder that does not exist")]
    Occupied(PathBuf),
    #[error(
        "another process is writing a backup into {0} now; wait for it, or name another folder"
    )]
    UnderWay(PathBuf),
    #[error("{0} is not a backup: {1}")]
    NotABackup(PathBuf, String),
    /// The first file that is not what the list says.
    #[error("{0} is not what was backed up: its checksum or size differs; nothing was restored")]
    Corrupt(PathBuf),
    #[error("the backup is of {found}, but DATABASE_URL names {expected}")]
    OtherKind {
        found: &'static str,
        expected: &'static str,
    },
    #[error("the backup was made by a newer program (it has {0}); restore with that one")]
    TooNew(String),
    #[error(
        "{0} is not empty; restore into an empty house, or give --replace to put the backup in place of what is there"
    )]
    NotEmpty(String),
    #[error(
        "a process is working on this database, or did so two minutes ago; stop it before restoring over it, and wait as long if it was killed"
    )]
    InUse,
    #[error("{program} is not installed: {hint}")]
    NoProgram {
        program: &'static str,
        hint: &'static str,
    },
    #[error("{program} failed: {said}")]
    Program { program: &'static str, said: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl BackupError {
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |error| Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}

impl From<DbErr> for BackupError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}
