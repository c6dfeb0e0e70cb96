//! The life of data, steered: how long each class is kept, what a run would delete, runs on record,
//! the erasure of a user with a signed receipt, and everything of a user in one file.
//!
//! What is where, and who deletes it, is registered by its owners ([`Registry`]). Here it is put to
//! work: by the daily sweep, by admins, by the command line, and by users for themselves.

mod archive;
mod classes;
mod erase_job;
mod erasure;
mod error;
mod export;
mod export_job;
mod gauges;
mod orphans;
mod preview;
mod queries;
mod receipt;
mod retention;
mod sweep_job;
mod sweeping;

pub(crate) use classes::{ClassSummary, DUTY, Days};
pub(crate) use erase_job::EraseUser;
pub(crate) use error::GovernanceError;
pub(crate) use export::file_name as export_name;
pub(crate) use export_job::ExportUser;
pub(crate) use preview::{ClassPreview, Preview};
pub(crate) use receipt::Receipt;
pub(crate) use retention::retention;
pub(crate) use sweep_job::RunRetention;
pub(crate) use sweeping::RunOf;

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    audit::Audit,
    clock::Clock,
    db::Db,
    entropy::Entropy,
    jobs::Jobs,
    retention::{Periods, Registry},
    secrets,
    storage::{Blobs, TemporaryFiles},
    telemetry::Telemetry,
};

/// What a signature of a preview is derived for.
const PREVIEWS: &str = "binnacle retention preview v1";
/// What a signature of a receipt is derived for.
const RECEIPTS: &str = "binnacle erasure receipt v1";

/// What governance is built on.
#[derive(Clone)]
pub(crate) struct GovernanceParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) registry: Registry,
    pub(crate) periods: Periods,
    pub(crate) jobs: Jobs,
    pub(crate) audit: Audit,
    pub(crate) blobs: Blobs,
    pub(crate) temporary: TemporaryFiles,
    pub(crate) telemetry: Telemetry,
}

/// Governance of data. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Governance(Arc<Inner>);

struct Inner {
    parts: GovernanceParts,
    /// For the time between a preview and its run: a new secret ends it.
    preview_key: [u8; 32],
    /// The first signs; all verify.
    receipt_keys: Vec<[u8; 32]>,
    /// What there was of each class when it was counted last.
    stocks: Mutex<Option<classes::Counted>>,
}

impl std::ops::Deref for Inner {
    type Target = GovernanceParts;

    fn deref(&self) -> &GovernanceParts {
        &self.parts
    }
}

impl Governance {
    /// `secret` is the operator's; `previous` those that it replaced, whose receipts still verify.
    pub(crate) fn new(parts: GovernanceParts, secret: &[u8], previous: &[&[u8]]) -> Self {
        let receipt_keys = std::iter::once(secret)
            .chain(previous.iter().copied())
            .map(|secret| secrets::derive(secret, RECEIPTS))
            .collect();
        Self(Arc::new(Inner {
            parts,
            preview_key: secrets::derive(secret, PREVIEWS),
            receipt_keys,
            stocks: Mutex::default(),
        }))
    }

    /// Everything that the house keeps.
    pub(crate) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// How long it is kept.
    pub(crate) fn periods(&self) -> &Periods {
        &self.0.periods
    }
}
