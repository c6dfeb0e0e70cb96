//! Copying with checksums, and making files last.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{BackupError, manifest::FileSum};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Off the threads that serve requests.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| BackupError::Io {
            path: PathBuf::new(),
            error: std::io::Error::other(error),
        })?
}

/// Where a key of the list lies; a key that would lead out of the folder is refused.
pub(super) fn inside(folder: &Path, key: &str) -> Result<PathBuf, BackupError> {
    let path = Path::new(key);
    let plain = !key.is_empty()
        && path
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
    if plain {
        Ok(folder.join(path))
    } else {
        Err(BackupError::NotABackup(
            folder.to_owned(),
            "a name in its list leads out of it".to_owned(),
        ))
    }
}

/// Copies a file, readable by its owner alone, and makes the copy last.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(u64, String), BackupError> {
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(folder) = to.parent() {
        folder_of_owner(folder)?;
    }
    let mut source = plain(from)?;
    let mut target = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(BackupError::io(to))?;
    let summed = pass(&mut source, from, |bytes| {
        target.write_all(bytes).map_err(BackupError::io(to))
    })?;
    target.sync_all().map_err(BackupError::io(to))?;
    Ok(summed)
}

/// A file to be read; a pipe or device in its place would keep its reader waiting.
fn plain(path: &Path) -> Result<File, BackupError> {
    let found = std::fs::metadata(path).map_err(BackupError::io(path))?;
    if !found.is_file() {
        let error = std::io::Error::other("it is not a file");
        return Err(BackupError::io(path)(error));
    }
    File::open(path).map_err(BackupError::io(path))
}

/// The size and checksum of a file.
pub(super) fn sum(path: &Path) -> Result<(u64, String), BackupError> {
    let mut file = plain(path)?;
    pass(&mut file, path, |_| Ok(()))
}

/// As [`sum`], under the name that the backup gives it.
pub(super) fn sum_as(name: &str, path: &Path) -> Result<FileSum, BackupError> {
    let (bytes, sha256) = sum(path)?;
    Ok(FileSum {
        path: name.to_owned(),
        bytes,
        sha256,
    })
}

fn pass(
    file: &mut File,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<(u64, String), BackupError> {
    let (mut buffer, mut digest, mut count) = (vec![0; CHUNK_BYTES], Sha256::new(), 0_u64);
    loop {
        let read = file.read(&mut buffer).map_err(BackupError::io(path))?;
        if read == 0 {
            return Ok((count, hex::encode(digest.finalize())));
        }
        digest.update(&buffer[..read]);
        each(&buffer[..read])?;
        count += read as u64;
    }
}

/// A folder, made with its parents when absent, that its owner alone can enter.
pub(super) fn folder_of_owner(folder: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(BackupError::io(folder))
}

/// Makes the names in a folder last.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::io(folder))
}

/// Whether there is no file in a folder or below it.
pub(super) fn is_empty(folder: &Path) -> Result<bool, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(BackupError::io(folder)(error)),
    };
    for entry in entries {
        let path = entry.map_err(BackupError::io(folder))?.path();
        if !path.is_dir() || !is_empty(&path)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Another name beside `path`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
