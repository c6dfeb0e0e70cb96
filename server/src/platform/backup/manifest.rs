//! What a backup says of itself.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{BackupError, MANIFEST};

/// The form of the folder.
pub(super) const FORMAT: &str = "binnacle-backup-1";

/// The list of contents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    /// The program that made it.
    pub(crate) version: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) kind: Kind,
    pub(crate) database: FileSum,
    /// The schema's migrations.
    pub(crate) migrations: Vec<String>,
    /// How many blobs, and of how many bytes.
    pub(crate) blobs: u64,
    pub(crate) blob_bytes: u64,
    /// Of the list of blobs.
    pub(crate) list: FileSum,
    pub(crate) secret: Option<FileSum>,
}

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Sqlite,
    Postgresql,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgresql => "PostgreSQL",
        }
    }
}

/// A file and its checksum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileSum {
    /// Inside the backup; for a blob, its key.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// Hexadecimal.
    pub(crate) sha256: String,
}

impl Manifest {
    /// Bytes of everything.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.database.bytes + self.blob_bytes
    }

    pub(super) async fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let not = |why: String| BackupError::NotABackup(folder.to_owned(), why);
        let text = tokio::fs::read(&path)
            .await
            .map_err(|error| not(format!("{MANIFEST}: {error}")))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|error| not(format!("{MANIFEST}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(not(format!("its form is `{}`", manifest.format)));
        }
        Ok(manifest)
    }
}
