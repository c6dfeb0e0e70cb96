//! Making a backup while others read and write.
//!
//! Blobs are copied first, then the database, then the blobs that came meanwhile: a row names a blob
//! only after the blob was stored, so whatever the database names is in the backup. A blob that was
//! deleted meanwhile is there for nobody, and the restored house removes it.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::{
    BLOBS, BackupError, DUMP, House, LIST, MANIFEST, Manifest, SECRET, SQLITE,
    manifest::{FORMAT, FileSum, Kind},
    place::Place,
    postgres, stage,
};
use crate::platform::{
    db::{self, Db, Target},
    storage::{BlobKey, Blobs},
};

/// Writes a backup into the new folder `to`. It appears under that name when it is whole; until then
/// it is `to.partial`, which one process at a time has. What one that was killed leaves there, the
/// next of that name clears away.
pub(crate) async fn take(
    house: &House,
    db: &Db,
    blobs: &Blobs,
    to: &Path,
    now: DateTime<Utc>,
) -> Result<Manifest, BackupError> {
    let to = to.to_owned();
    let place = stage::blocking(move || Place::take(&to)).await?;
    let filled = fill(house, db, blobs, &place.folder, now).await;
    fail::fail_point!("backup-filled");
    stage::blocking(move || {
        let taken = filled.and_then(|manifest| place.finish().map(|()| manifest));
        if taken.is_err() {
            place.give_up();
        }
        taken
    })
    .await
}

async fn fill(
    house: &House,
    db: &Db,
    blobs: &Blobs,
    folder: &Path,
    now: DateTime<Utc>,
) -> Result<Manifest, BackupError> {
    stage::folder_of_owner(&folder.join(BLOBS))?;
    let mut list = List::create(folder)?;
    list.copy_new(blobs, folder).await?;
    let migrations = db.applied_migrations().await?;
    let (kind, name) = match &house.database {
        Target::Sqlite(path) => {
            db::snapshot(path, &folder.join(SQLITE)).await?;
            (Kind::Sqlite, SQLITE)
        }
        Target::Postgres(url) => {
            postgres::dump(url, &folder.join(DUMP)).await?;
            (Kind::Postgresql, DUMP)
        }
    };
    list.copy_new(blobs, folder).await?;
    let secret = house.secret.clone();
    let folder = folder.to_owned();
    stage::blocking(move || {
        let (count, blob_bytes) = list.finish()?;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: now,
            kind,
            database: sealed(&folder, name)?,
            migrations,
            blobs: count,
            blob_bytes,
            list: stage::sum_as(LIST, &folder.join(LIST))?,
            secret: copy_secret(secret.as_deref(), &folder)?,
        };
        write_manifest(&manifest, &folder)?;
        Ok(manifest)
    })
    .await
}

/// The database's file, on disk for good and for its owner alone.
fn sealed(folder: &Path, name: &str) -> Result<FileSum, BackupError> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::File::open(&path)?.sync_all())
        .map_err(BackupError::io(&path))?;
    stage::sum_as(name, &path)
}

fn copy_secret(secret: Option<&Path>, folder: &Path) -> Result<Option<FileSum>, BackupError> {
    let Some(secret) = secret.filter(|path| path.exists()) else {
        return Ok(None);
    };
    let (bytes, sha256) = stage::copy(secret, &folder.join(SECRET))?;
    Ok(Some(FileSum {
        path: SECRET.to_owned(),
        bytes,
        sha256,
    }))
}

fn write_manifest(manifest: &Manifest, folder: &Path) -> Result<(), BackupError> {
    let path = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(manifest)
        .map_err(|error| BackupError::io(&path)(std::io::Error::other(error)))?;
    let mut file = std::fs::File::create(&path).map_err(BackupError::io(&path))?;
    file.write_all(&text)
        .and_then(|()| file.sync_all())
        .map_err(BackupError::io(&path))
}

/// The list of blobs, written as they are copied.
struct List {
    path: PathBuf,
    file: std::fs::File,
    count: u64,
    bytes: u64,
}

impl List {
    fn create(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(LIST);
        let file = std::fs::File::create(&path).map_err(BackupError::io(&path))?;
        Ok(Self {
            path,
            file,
            count: 0,
            bytes: 0,
        })
    }

    /// Copies the blobs that are not copied yet.
    async fn copy_new(&mut self, blobs: &Blobs, folder: &Path) -> Result<(), BackupError> {
        let mut listed = blobs.list(None);
        while let Some((key, _)) = listed.try_next().await? {
            let target = stage::inside(&folder.join(BLOBS), key.as_str())?;
            let is_probe = key.as_str().starts_with(BlobKey::PROBES);
            if is_probe || tokio::fs::try_exists(&target).await.unwrap_or(false) {
                continue;
            }
            if let Some(parent) = target.parent() {
                stage::folder_of_owner(parent)?;
            }
            match blobs.fetch_to(&key, &target).await {
                Ok(()) => {}
                // Deleted since it was listed.
                Err(crate::platform::storage::StorageError::Missing) => continue,
                Err(error) => return Err(error.into()),
            }
            self.add(key.as_str().to_owned(), target).await?;
        }
        Ok(())
    }

    async fn add(&mut self, key: String, target: PathBuf) -> Result<(), BackupError> {
        let sum = stage::blocking(move || sealed_blob(&key, &target)).await?;
        let line = serde_json::to_string(&sum)
            .map_err(|error| BackupError::io(&self.path)(std::io::Error::other(error)))?;
        writeln!(self.file, "{line}").map_err(BackupError::io(&self.path))?;
        self.count += 1;
        self.bytes += sum.bytes;
        Ok(())
    }

    fn finish(self) -> Result<(u64, u64), BackupError> {
        self.file.sync_all().map_err(BackupError::io(&self.path))?;
        Ok((self.count, self.bytes))
    }
}

fn sealed_blob(key: &str, target: &Path) -> Result<FileSum, BackupError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(target, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::File::open(target)?.sync_all())
        .map_err(BackupError::io(target))?;
    stage::sum_as(key, target)
}
