//! Blobs: the originals of documents, under keys that the server makes.

use std::{fmt, path::Path, sync::Arc, time::Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entities::UserId;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem, path::Path as ObjectPath,
};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::StorageError;
use crate::platform::telemetry::Telemetry;

/// Bytes read at a time when a file moves into the store.
const CHUNK_BYTES: usize = 256 * 1024;

/// The name of a blob: a prefix that retention knows, and a random part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlobKey(String);

impl BlobKey {
    /// The prefix of documents' originals.
    pub(crate) const DOCUMENTS: &'static str = "documents";
    /// The prefix of files with everything of a user.
    pub(crate) const EXPORTS: &'static str = "exports";
    /// The prefix of what [`Blobs::probe`] writes and removes.
    pub(crate) const PROBES: &'static str = "probes";

    /// The key of a document's original, under its owner's number.
    pub(crate) fn document(owner: UserId, unique: Uuid) -> Self {
        Self(format!("{}/{owner}/{}", Self::DOCUMENTS, unique.simple()))
    }

    /// The key of a file with everything of its owner.
    pub(crate) fn export(owner: UserId, unique: Uuid) -> Self {
        Self(format!("{}/{owner}/{}.zip", Self::EXPORTS, unique.simple()))
    }

    /// A key as it was stored in a row.
    pub(crate) fn stored(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// The key as a row keeps it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self) -> ObjectPath {
        ObjectPath::from(self.0.as_str())
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The object store, measured. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    telemetry: Telemetry,
}

impl Blobs {
    /// A store in a local folder, made when absent; what it has acknowledged survives a power cut.
    pub(crate) fn in_folder(folder: &Path, telemetry: Telemetry) -> Result<Self, StorageError> {
        std::fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
            telemetry,
        })
    }

    /// Copies a file into the store; a blob that could not be written whole does not exist.
    pub(crate) async fn put_file(&self, key: &BlobKey, file: &Path) -> Result<(), StorageError> {
        self.measured("put", async {
            let mut reader = tokio::fs::File::open(file).await?;
            let mut writer = WriteMultipart::new(self.store.put_multipart(&key.path()).await?);
            let mut buffer = vec![0; CHUNK_BYTES];
            loop {
                let read = match reader.read(&mut buffer).await {
                    Ok(read) => read,
                    Err(error) => {
                        writer.abort().await?;
                        return Err(error.into());
                    }
                };
                if read == 0 {
                    break;
                }
                writer.write(&buffer[..read]);
                writer.wait_for_capacity(4).await?;
            }
            writer.finish().await?;
            Ok(())
        })
        .await
    }

    /// The bytes of a blob, as they come.
    pub(crate) async fn get(
        &self,
        key: &BlobKey,
    ) -> Result<BoxStream<'static, Result<Bytes, object_store::Error>>, StorageError> {
        self.measured("get", async {
            Ok(self.store.get(&key.path()).await?.into_stream())
        })
        .await
    }

    /// Copies a blob to a local file, for a parser that needs one.
    pub(crate) async fn fetch_to(&self, key: &BlobKey, file: &Path) -> Result<(), StorageError> {
        use tokio::io::AsyncWriteExt;
        let mut bytes = self.get(key).await?;
        let mut target = tokio::fs::File::create(file).await?;
        while let Some(chunk) = bytes.try_next().await? {
            target.write_all(&chunk).await?;
        }
        target.flush().await?;
        Ok(())
    }

    /// Removes a blob; one that is gone already counts as removed.
    pub(crate) async fn delete(&self, key: &BlobKey) -> Result<(), StorageError> {
        self.measured("delete", async {
            match self.store.delete(&key.path()).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// The keys under a prefix that were put before `before`, a page at a time as the store lists
    /// them.
    pub(crate) fn older_than(
        &self,
        prefix: &str,
        before: DateTime<Utc>,
    ) -> BoxStream<'static, Result<BlobKey, StorageError>> {
        let prefix = ObjectPath::from(prefix);
        self.store
            .list(Some(&prefix))
            .try_filter(move |object| std::future::ready(object.last_modified < before))
            .map_ok(|object| BlobKey(object.location.to_string()))
            .map_err(StorageError::from)
            .boxed()
    }

    /// The size of all blobs, read from the store's list.
    pub(crate) async fn bytes(&self) -> Result<u64, StorageError> {
        let sizes = self.store.list(None).map_ok(|object| object.size);
        let add = |sum: u64, size: u64| std::future::ready(Ok(sum.saturating_add(size)));
        Ok(sizes.try_fold(0, add).await?)
    }

    /// Every blob with its size, as the store lists them; under one prefix when it is given.
    pub(crate) fn list(
        &self,
        prefix: Option<&str>,
    ) -> BoxStream<'static, Result<(BlobKey, u64), StorageError>> {
        let prefix = prefix.map(ObjectPath::from);
        self.store
            .list(prefix.as_ref())
            .map_ok(|object| (BlobKey(object.location.to_string()), object.size))
            .map_err(StorageError::from)
            .boxed()
    }

    /// The blobs under a prefix that are a user's.
    pub(crate) fn of_user(
        &self,
        prefix: &str,
        user: UserId,
    ) -> BoxStream<'static, Result<(BlobKey, u64), StorageError>> {
        self.list(Some(&format!("{prefix}/{user}")))
    }

    /// Writes and removes a small blob: whether the store works now.
    pub(crate) async fn probe(&self, unique: Uuid) -> Result<(), StorageError> {
        let key = BlobKey(format!("{}/{}", BlobKey::PROBES, unique.simple()));
        self.measured("probe", async {
            self.store
                .put(&key.path(), Bytes::from_static(b"binnacle").into())
                .await?;
            self.store.delete(&key.path()).await?;
            Ok(())
        })
        .await
    }

    async fn measured<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let begun = Instant::now();
        let outcome = work.await;
        let result = if outcome.is_ok() { "ok" } else { "error" };
        self.telemetry
            .object_store_seconds
            .record([operation, result], begun.elapsed().as_secs_f64());
        outcome
    }
}
