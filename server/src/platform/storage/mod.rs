//! Where bytes rest: blobs by typed key in an object store, uploads under way in private
//! temporary files. User text never becomes part of a path.

mod blobs;
mod disk;
mod temporary;

pub(crate) use blobs::{BlobKey, Blobs};
pub(crate) use disk::Disk;
pub(crate) use temporary::{LeftFile, TemporaryFile, TemporaryFiles};

/// A failure of the storage. Its text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The disk or bucket is full.
    #[error("the storage is full")]
    Full(#[source] std::io::Error),
    /// No such blob.
    #[error("the stored file is missing")]
    Missing,
    /// The local file system refused.
    #[error("the file system refused an operation")]
    Io(#[source] std::io::Error),
    /// The object store refused.
    #[error("the object store refused an operation")]
    Store(#[source] object_store::Error),
}

impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> Self {
        if is_full(error.kind()) {
            Self::Full(error)
        } else {
            Self::Io(error)
        }
    }
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => match full_disk(&other) {
                Some(kind) => Self::Full(kind.into()),
                None => Self::Store(other),
            },
        }
    }
}

/// No room on the disk, in the quota, or for a file of this size.
fn is_full(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | FileTooLarge)
}

/// The object store hides the cause of a failed write behind its own error.
fn full_disk(error: &dyn std::error::Error) -> Option<std::io::ErrorKind> {
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<std::io::Error>()
            && is_full(io.kind())
        {
            return Some(io.kind());
        }
        cause = current.source();
    }
    None
}
