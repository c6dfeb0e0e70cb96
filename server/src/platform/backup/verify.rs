//! Proving that a backup is what was backed up: every checksum, before anything else is touched.

use std::{
    io::{BufRead, BufReader},
    path::Path,
};

use super::{
    BLOBS, BackupError, LIST, Manifest,
    manifest::{FileSum, Kind},
    stage,
};
use crate::platform::db::known_migrations;

/// Reads the whole backup. Answers what it says of itself.
pub(crate) async fn verify(folder: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder).await?;
    let known = known_migrations();
    if let Some(newer) = manifest
        .migrations
        .iter()
        .find(|name| !known.contains(*name))
    {
        return Err(BackupError::TooNew(newer.clone()));
    }
    let (folder, of) = (folder.to_owned(), manifest.clone());
    stage::blocking(move || check_all(&folder, &of)).await?;
    Ok(manifest)
}

fn check_all(folder: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    for file in [
        Some(&manifest.database),
        Some(&manifest.list),
        manifest.secret.as_ref(),
    ]
    .into_iter()
    .flatten()
    {
        check(folder, file)?;
    }
    let (mut count, mut bytes) = (0, 0);
    for blob in blobs(folder)? {
        let blob = blob?;
        check(&folder.join(BLOBS), &blob)?;
        count += 1;
        bytes += blob.bytes;
    }
    if (count, bytes) != (manifest.blobs, manifest.blob_bytes) {
        return Err(BackupError::Corrupt(folder.join(LIST)));
    }
    Ok(())
}

fn check(folder: &Path, file: &FileSum) -> Result<(), BackupError> {
    let path = stage::inside(folder, &file.path)?;
    match stage::sum(&path) {
        Ok((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => Ok(()),
        Ok(_) => Err(BackupError::Corrupt(path)),
        Err(BackupError::Io { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(BackupError::Corrupt(path))
        }
        Err(error) => Err(error),
    }
}

/// The blobs that the backup lists.
pub(super) fn blobs(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<FileSum, BackupError>>, BackupError> {
    let path = folder.join(LIST);
    let list = std::fs::File::open(&path).map_err(BackupError::io(&path))?;
    Ok(BufReader::new(list).lines().map(move |line| {
        let line = line.map_err(BackupError::io(&path))?;
        serde_json::from_str(&line).map_err(|_| BackupError::Corrupt(path.clone()))
    }))
}

/// Whether a backup fits the database that it is to be put into.
pub(super) fn check_kind(manifest: &Manifest, expected: Kind) -> Result<(), BackupError> {
    if manifest.kind == expected {
        return Ok(());
    }
    Err(BackupError::OtherKind {
        found: manifest.kind.name(),
        expected: expected.name(),
    })
}
