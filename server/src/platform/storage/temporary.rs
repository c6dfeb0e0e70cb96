//! Temporary files: private to the server, gone when their owner is.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::StorageError;

/// The folder of temporary files, readable by the server alone. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TemporaryFiles {
    folder: PathBuf,
}

/// A file that is removed when this is dropped.
pub(crate) struct TemporaryFile {
    path: tempfile::TempPath,
}

impl TemporaryFile {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Marks the files of this server among others in the folder.
const PREFIX: &str = "binnacle-";

impl TemporaryFiles {
    /// Uses `folder`, made with mode 0700 when absent.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, StorageError> {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// A new file with mode 0600, open for writing.
    pub(crate) async fn create(&self) -> Result<(TemporaryFile, tokio::fs::File), StorageError> {
        let folder = self.folder.clone();
        let (file, path) = tokio::task::spawn_blocking(move || {
            tempfile::Builder::new()
                .prefix(PREFIX)
                .tempfile_in(folder)
                .map(tempfile::NamedTempFile::into_parts)
        })
        .await
        .map_err(std::io::Error::other)??;
        Ok((TemporaryFile { path }, tokio::fs::File::from_std(file)))
    }

    /// Removes files that a killed process left behind, older than `age`. Answers how many.
    pub(crate) fn clean(&self, age: Duration, now: SystemTime) -> Result<usize, StorageError> {
        let mut removed = 0;
        for file in self.older_than(age, now)? {
            std::fs::remove_file(&file.path)?;
            removed += 1;
        }
        Ok(removed)
    }

    /// The server's files that have not changed for `age`.
    pub(crate) fn older_than(
        &self,
        age: Duration,
        now: SystemTime,
    ) -> Result<Vec<LeftFile>, StorageError> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            let metadata = entry.metadata()?;
            let modified = metadata.modified()?;
            if ours
                && now
                    .duration_since(modified)
                    .is_ok_and(|elapsed| elapsed >= age)
            {
                found.push(LeftFile {
                    path: entry.path(),
                    bytes: metadata.len(),
                    modified,
                });
            }
        }
        Ok(found)
    }
}

/// A file that a killed process left behind.
#[derive(Clone, Debug)]
pub(crate) struct LeftFile {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) modified: SystemTime,
}
