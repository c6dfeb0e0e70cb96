//! What every part keeps, put together.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::{Ground, Means};
use crate::{
    features::{accounts, admin, chat, documents},
    platform::{
        audit::Audit,
        backup, budgets,
        clock::Clock,
        db::Db,
        governance::{self, Governance, GovernanceParts},
        idempotency,
        jobs::Jobs,
        redis::Redis,
        retention::{self, Class, Part, Periods, Place, Registry},
        retrieval,
        storage::{BlobKey, Blobs, TemporaryFiles},
        streams,
    },
};

#[cfg(test)]
mod tests;

/// What the registry is built on.
pub(crate) struct RetentionParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jobs: Jobs,
    pub(crate) audit: Audit,
    pub(crate) blobs: Blobs,
    pub(crate) temporary: TemporaryFiles,
    /// `None`: no Redis is configured.
    pub(crate) redis: Option<Redis>,
}

/// Every place of data, in the order of erasure: first nobody can come in any more, then the work
/// under way stops, then what was made goes.
pub(crate) fn registry(parts: RetentionParts) -> Registry {
    let RetentionParts {
        db,
        clock,
        jobs,
        audit,
        blobs,
        temporary,
        redis,
    } = parts;
    Registry::default()
        .with(accounts::retention(&db, clock.clone()))
        .with(jobs.retention())
        .with(chat::retention(&db))
        .with(streams::retention(redis.as_ref()))
        .with(retrieval::retention(&db))
        .with(documents::retention(&db, clock, &jobs, &blobs, &temporary))
        .with(budgets::retention(&db))
        .with(audit.retention())
        .with(admin::retention(&db))
        .with(idempotency::retention(&db))
        .with(retention::retention(&db))
        .with(governance::retention(&db, &blobs))
        .with(backup::retention(&db))
        .with(house())
}

impl Ground {
    pub(super) fn periods(&self) -> Periods {
        Periods::new(self.db.clone(), self.config.retention.clone())
    }

    pub(super) fn governance(&self, means: &Means) -> Governance {
        let registry = registry(RetentionParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            jobs: means.jobs.clone(),
            audit: means.audit.clone(),
            blobs: self.blobs.clone(),
            temporary: self.temporary.clone(),
            redis: means.redis.clone(),
        });
        let parts = GovernanceParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            registry,
            periods: self.periods(),
            jobs: means.jobs.clone(),
            audit: means.audit.clone(),
            blobs: self.blobs.clone(),
            temporary: self.temporary.clone(),
            telemetry: self.telemetry.clone(),
        };
        let secret = self.secret.expose_secret().as_bytes();
        Governance::new(parts, secret, &self.previous_secrets())
    }
}

/// What belongs to no feature.
fn house() -> Part {
    Part::default()
        .holds(Place::Table("seaql_migrations"), Class::House)
        .holds(Place::Blobs(BlobKey::PROBES), Class::House)
}
