//! Where a backup is written until it is whole: beside its name, by one process at a time.

use std::{
    fs::{File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{BackupError, stage};

/// Held for as long as a process writes. The kernel lets it go when the process dies.
const LOCK: &str = ".lock";
/// How often whoever had the place may leave it while it is being taken.
const RACES: usize = 8;

/// The folder `TO.partial`, while this process has it.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    to: PathBuf,
    /// Locked.
    _lock: File,
}

impl Place {
    /// Takes the place of a backup that is to be named `to`, without what a process left in it that
    /// died there.
    pub(super) fn take(to: &Path) -> Result<Self, BackupError> {
        // A name that ends in a slash has its place beside it, too, and not inside.
        let to: PathBuf = to.components().collect();
        let folder = stage::beside(&to, ".partial");
        for _ in 0..RACES {
            if !stage::is_empty(&to)? {
                return Err(BackupError::Occupied(to));
            }
            stage::folder_of_owner(&folder)?;
            // What is cleared and filled is here, and not where somebody's link leads.
            let found = std::fs::symlink_metadata(&folder).map_err(BackupError::io(&folder))?;
            if !found.is_dir() {
                let error = ErrorKind::NotADirectory.into();
                return Err(BackupError::io(&folder)(error));
            }
            let Some(lock) = lock(&folder, &to)? else {
                continue;
            };
            let place = Self {
                folder,
                to,
                _lock: lock,
            };
            // Whoever had the place before may have put a backup there.
            if !stage::is_empty(&place.to)? {
                place.give_up();
                return Err(BackupError::Occupied(place.to));
            }
            place.clear()?;
            return Ok(place);
        }
        Err(BackupError::UnderWay(to))
    }

    /// Gives the backup its name.
    pub(super) fn finish(&self) -> Result<(), BackupError> {
        let to = &self.to;
        stage::sync_folder(&self.folder)?;
        match std::fs::remove_dir(to) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // The rename tells.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            Err(error) => return Err(BackupError::io(to)(error)),
        }
        match std::fs::rename(&self.folder, to) {
            Ok(()) => {}
            // Something was put there meanwhile.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                return Err(BackupError::Occupied(to.clone()));
            }
            Err(error) => return Err(BackupError::io(to)(error)),
        }
        // Not before it has its name: without the lock the folder would be anybody's to clear.
        let lock = to.join(LOCK);
        std::fs::remove_file(&lock).map_err(BackupError::io(&lock))?;
        stage::sync_folder(to)?;
        match to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) => stage::sync_folder(folder),
            None => Ok(()),
        }
    }

    /// Leaves nothing behind: the disk may be full, and half a backup is of no use.
    pub(super) fn give_up(&self) {
        let left = self.clear().and_then(|()| {
            // The lock goes last, and alone: from here on the folder may be another process's.
            let lock = self.folder.join(LOCK);
            std::fs::remove_file(&lock).map_err(BackupError::io(&lock))?;
            match std::fs::remove_dir(&self.folder) {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
                removed => removed.map_err(BackupError::io(&self.folder)),
            }
        });
        match left {
            // It has its name already.
            Err(BackupError::Io { error, .. }) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "half a backup is left"),
            Ok(()) => {}
        }
    }

    fn clear(&self) -> Result<(), BackupError> {
        let folder = &self.folder;
        for entry in std::fs::read_dir(folder).map_err(BackupError::io(folder))? {
            let entry = entry.map_err(BackupError::io(folder))?;
            let path = entry.path();
            if entry.file_name() == LOCK {
                continue;
            }
            let kind = entry.file_type().map_err(BackupError::io(&path))?;
            if kind.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            }
            .map_err(BackupError::io(&path))?;
        }
        Ok(())
    }
}

/// `None`: the folder has got another name, or is gone.
fn lock(folder: &Path, to: &Path) -> Result<Option<File>, BackupError> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    let path = folder.join(LOCK);
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    let file = match options.open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BackupError::io(&path)(error)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BackupError::UnderWay(to.to_owned())),
        Err(TryLockError::Error(error)) => return Err(BackupError::io(&path)(error)),
    }
    let locked = file.metadata().map_err(BackupError::io(&path))?;
    let named = match std::fs::metadata(&path) {
        Ok(named) => named,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(BackupError::io(&path)(error)),
    };
    let is_there = (locked.dev(), locked.ino()) == (named.dev(), named.ino());
    Ok(is_there.then_some(file))
}
