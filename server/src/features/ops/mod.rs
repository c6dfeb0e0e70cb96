//! What operators and their machines look at: health, readiness, metrics, and the page at `/`.

mod api;
mod cached;
mod gauges;
mod health;
mod landing;
#[cfg(test)]
mod tests;

pub(crate) use api::{FAMILIES, register, register_health, register_metrics};

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::platform::{
    ai::Gateway, budgets::Budgets, clock::Clock, db::Db, entropy::Entropy, jobs::Jobs,
    observe::Observers, storage::Blobs, tasks::Tasks, telemetry::Telemetry,
};
use health::Health;

/// The parts that are looked at.
pub(crate) struct OpsParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) tasks: Tasks,
    pub(crate) jobs: Jobs,
    pub(crate) budgets: Budgets,
    pub(crate) blobs: Blobs,
    /// The folder of the blobs, and the least room that its disk must have.
    pub(crate) storage: (PathBuf, u64),
    pub(crate) gateway: Arc<Gateway>,
    /// `None`: no Redis is configured, and none is missed.
    pub(crate) redis_url: Option<SecretString>,
    pub(crate) telemetry: Telemetry,
    pub(crate) observers: Observers,
    /// Cancelled when the server begins to stop.
    pub(crate) stopping: CancellationToken,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ops(Arc<Inner>);

struct Inner {
    parts: OpsParts,
    health: Health,
    has_been_ready: AtomicBool,
}

impl Ops {
    pub(crate) fn new(parts: OpsParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            health: Health::default(),
            has_been_ready: AtomicBool::new(false),
        }))
    }

    fn draining(&self) -> bool {
        self.0.parts.stopping.is_cancelled()
    }

    async fn database(&self) -> bool {
        self.0.health.database(&self.0.parts).await
    }

    async fn redis(&self) -> bool {
        self.0.health.redis(&self.0.parts).await
    }

    async fn queue(&self) -> bool {
        self.0.health.queue(&self.0.parts).await
    }

    async fn storage(&self) -> bool {
        self.0.health.storage(&self.0.parts).await
    }

    /// Whether requests can be served, or could at any time since the start.
    async fn has_been_ready(&self) -> bool {
        if !self.0.has_been_ready.load(Ordering::Relaxed) {
            let (database, storage) = tokio::join!(self.database(), self.storage());
            if database && storage {
                self.0.has_been_ready.store(true, Ordering::Relaxed);
            }
        }
        self.0.has_been_ready.load(Ordering::Relaxed)
    }

    async fn providers(&self) -> bool {
        self.0.health.providers(&self.0.parts).await
    }

    /// Whether Redis is configured.
    pub(crate) fn uses_redis(&self) -> bool {
        self.0.parts.redis_url.is_some()
    }

    /// What `/health` and `/health/ready` look at, by name; `None` is not in use.
    pub(crate) async fn checks(&self) -> Vec<(&'static str, Option<bool>)> {
        let (database, queue, redis, storage, providers) = tokio::join!(
            self.database(),
            self.queue(),
            self.redis(),
            self.storage(),
            self.providers()
        );
        let redis = self.0.parts.redis_url.is_some().then_some(redis);
        vec![
            ("database", Some(database)),
            ("queue", Some(queue)),
            ("redis", redis),
            ("storage", Some(storage)),
            ("providers", Some(providers)),
        ]
    }
}
