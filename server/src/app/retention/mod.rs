//! What every part keeps, put together.

use std::sync::Arc;

use super::App;
use crate::{
    features::{accounts, admin, chat, documents},
    platform::{
        audit, budgets,
        clock::Clock,
        db::Db,
        jobs::Jobs,
        retention::{Class, Part, Place, Registry},
        retrieval,
        storage::{BlobKey, Blobs, TemporaryFiles},
    },
};

#[cfg(test)]
mod tests;

/// What the registry is built on.
pub(crate) struct RetentionParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jobs: Jobs,
    pub(crate) blobs: Blobs,
    pub(crate) temporary: TemporaryFiles,
}

/// Every place of data, in the order of erasure: first nobody can come in any more, then the work
/// under way stops, then what was made goes.
pub(crate) fn registry(parts: RetentionParts) -> Registry {
    let RetentionParts {
        db,
        clock,
        jobs,
        blobs,
        temporary,
    } = parts;
    Registry::default()
        .with(accounts::retention(&db, clock))
        .with(jobs.retention())
        .with(chat::retention(&db))
        .with(retrieval::retention(&db))
        .with(documents::retention(&db, &blobs, &temporary))
        .with(budgets::retention(&db))
        .with(audit::retention())
        .with(admin::retention(&db))
        .with(house())
}

impl App {
    /// What this house keeps.
    pub(crate) fn retention(&self) -> Registry {
        registry(RetentionParts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            jobs: self.jobs.clone(),
            blobs: self.blobs.clone(),
            temporary: self.temporary.clone(),
        })
    }
}

/// What belongs to no feature.
fn house() -> Part {
    Part::default()
        .holds(Place::Table("seaql_migrations"), Class::House)
        .holds(Place::Blobs(BlobKey::PROBES), Class::House)
}
