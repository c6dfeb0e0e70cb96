//! Backups: the database and the blobs at one moment, with checksums, made while serving, and put
//! back whole or not at all.
//!
//! A backup is a folder: `manifest.json`, the database (`database.sqlite`, or `database.dump` by
//! `pg_dump`), `blobs/` under their keys, `blobs.jsonl` with the checksum of each, and the secret that
//! the house made for itself, if it did: without it nobody could verify the audit log.

mod error;
mod manifest;
mod place;
mod postgres;
mod queries;
mod record;
mod restore;
mod retention;
mod stage;
mod take;
mod verify;

pub(crate) use error::BackupError;
pub(crate) use manifest::Manifest;
pub(crate) use record::{latest, record};
pub(crate) use restore::{Existing, restore, was_cut};
pub(crate) use retention::retention;
pub(crate) use take::take;
pub(crate) use verify::verify;

use std::path::PathBuf;

use super::db::Target;

/// What belongs to a house, and where it is.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) database: Target,
    /// The folder of the blobs.
    pub(crate) blobs: PathBuf,
    /// The secret that the house has made for itself; `None` when the operator gives one.
    pub(crate) secret: Option<PathBuf>,
}

impl House {
    /// The folders that its parts lie in.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let mut parts = vec![&self.blobs];
        if let Target::Sqlite(path) = &self.database {
            parts.push(path);
        }
        parts.extend(&self.secret);
        parts
            .into_iter()
            .filter_map(|part| part.parent())
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(Into::into)
            .collect()
    }
}

/// Files of a backup.
const MANIFEST: &str = "manifest.json";
const SQLITE: &str = "database.sqlite";
const DUMP: &str = "database.dump";
const BLOBS: &str = "blobs";
const LIST: &str = "blobs.jsonl";
const SECRET: &str = "jwt_secret";
