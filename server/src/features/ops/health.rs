//! Whether the parts that requests need are there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretString;
use tokio::{sync::Semaphore, time::Instant};

use super::{OpsParts, cached::Cached};
use crate::platform::{redis, storage::Disk};

/// How long an answer of a part within the house is kept, and how long one may take.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// A probe of the store writes to the disk.
const STORAGE_EVERY: Duration = Duration::from_secs(10);
/// Providers count requests.
const PROVIDERS_EVERY: Duration = Duration::from_secs(30);
const REDIS_LIMIT: Duration = Duration::from_secs(1);

/// The last answers of the parts.
pub(super) struct Health {
    database: Cached,
    queue: Cached,
    redis: Cached,
    storage: Cached,
    /// The one probe of the store that may be under way.
    storage_probe: Arc<Semaphore>,
    providers: Cached,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            database: Cached::keeping(PROBE_EVERY),
            queue: Cached::keeping(PROBE_EVERY),
            redis: Cached::keeping(PROBE_EVERY),
            storage: Cached::keeping(STORAGE_EVERY),
            storage_probe: Arc::new(Semaphore::new(1)),
            providers: Cached::keeping(PROVIDERS_EVERY),
        }
    }
}

impl Health {
    /// Whether the database accepts writes.
    pub(super) async fn database(&self, parts: &OpsParts) -> bool {
        self.database.get(PROBE_LIMIT, parts.db.writable()).await
    }

    /// Whether the queue can be read: it can then be written where the database can.
    pub(super) async fn queue(&self, parts: &OpsParts) -> bool {
        let read = async { parts.jobs.oldest_ready().await.is_ok() };
        self.queue.get(PROBE_LIMIT, read).await
    }

    /// Whether Redis answers; true where none is configured.
    pub(super) async fn redis(&self, parts: &OpsParts) -> bool {
        let Some(url) = &parts.redis_url else {
            return true;
        };
        self.redis.get(PROBE_LIMIT, answers(url)).await
    }

    /// Whether the object store takes a blob and its disk has room for more.
    pub(super) async fn storage(&self, parts: &OpsParts) -> bool {
        let unique = parts.entropy.uuid();
        let probe = async {
            // A disk that hangs keeps the thread of a probe for ever: one is enough.
            let Ok(place) = self.storage_probe.clone().try_acquire_owned() else {
                tracing::warn!(event = "storage_probe_hangs");
                return false;
            };
            let blobs = parts.blobs.clone();
            let probing = async move {
                let outcome = blobs.probe(unique).await;
                drop(place);
                outcome
            };
            let outcome = parts.tasks.carry_through("storage-probe", probing).await;
            if let Some(Err(error)) = &outcome {
                tracing::warn!(event = "storage_probe_failed", %error);
            }
            matches!(outcome, Some(Ok(()))) && has_room(&parts.storage).await
        };
        self.storage.get(PROBE_LIMIT, probe).await
    }

    /// Whether a provider of the configured ones can be reached. `offline` always can.
    pub(super) async fn providers(&self, parts: &OpsParts) -> bool {
        let probe = async {
            let deadline = Instant::now() + PROBE_LIMIT;
            let probed = parts.gateway.probe(deadline).await;
            for (provider, outcome) in &probed {
                if let Err(error) = outcome {
                    tracing::warn!(event = "provider_probe_failed", %provider, %error);
                }
            }
            probed.iter().any(|(_, outcome)| outcome.is_ok())
        };
        // The gateway keeps the deadline; the margin lets it say which provider was late.
        let limit = PROBE_LIMIT + Duration::from_millis(100);
        self.providers.get(limit, probe).await
    }
}

/// A system that does not say how much room there is has room.
async fn has_room((folder, least): &(PathBuf, u64)) -> bool {
    let Some(disk) = Disk::of(folder).await else {
        return true;
    };
    if disk.free < *least {
        tracing::warn!(
            event = "disk_low",
            free_bytes = disk.free,
            least_bytes = least
        );
    }
    disk.free >= *least
}

async fn answers(url: &SecretString) -> bool {
    let outcome = redis::ping(url, REDIS_LIMIT).await;
    if let Err(error) = &outcome {
        tracing::warn!(event = "redis_probe_failed", %error);
    }
    outcome.is_ok()
}
