//! What admins see and do: users, budgets, the audit log, stuck work, the branding of the house.
//!
//! Auditors may look at everything here and change nothing.

mod acting;
mod answers;
mod api;
mod branding;
mod bulk;
mod deleted;
pub(crate) mod engine;
mod error;
mod limits;
mod listing;
mod money;
mod once;
mod people;
mod queries;
mod record;
mod restores;
mod retention;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use bulk::BulkAct;
pub(crate) use error::AdminError;
pub(crate) use retention::retention;

use std::sync::Arc;

use entities::UserId;

use crate::{
    features::{accounts::Accounts, documents::Documents},
    platform::{
        audit::{Act, Audit, By},
        budgets::Budgets,
        clock::Clock,
        db::{Db, DbError, WriteKey},
        entropy::Entropy,
        feed::Relay,
        governance::Governance,
        http::Registry,
        jobs::Jobs,
        streams::StreamHub,
        tasks::Tasks,
        telemetry::Telemetry,
    },
};
use branding::Branding;
use limits::Limits;

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, administration: &Administration) {
    api::register(registry, administration);
    people::mount(registry, administration);
    money::mount(registry, administration);
    record::mount(registry, administration);
    search::mount(registry, administration);
    deleted::mount(registry, administration);
    restores::mount(registry, administration);
}

/// The prefixes of what speaks RFC 9457; the routes of the contract do not.
pub(crate) const PREFIXES: [&str; 8] = [
    "/api/admin/accounts",
    "/api/admin/spend",
    "/api/admin/ledger",
    "/api/admin/settings",
    "/api/admin/audit/entries",
    "/api/admin/audit/verify",
    "/api/admin/search",
    "/api/admin/deleted",
];

/// What the feature needs from the house.
pub(crate) struct AdministrationParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) tasks: Tasks,
    pub(crate) telemetry: Telemetry,
    pub(crate) streams: StreamHub,
    /// New users must have a limit: strangers may register where money is real.
    pub(crate) default_needed: bool,
    pub(crate) accounts: Accounts,
    pub(crate) documents: Documents,
    pub(crate) budgets: Budgets,
    pub(crate) jobs: Jobs,
    pub(crate) audit: Audit,
    pub(crate) relay: Relay,
    pub(crate) governance: Governance,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Administration(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    tasks: Tasks,
    telemetry: Telemetry,
    streams: StreamHub,
    default_needed: bool,
    jobs: Jobs,
    accounts: Accounts,
    documents: Documents,
    budgets: Budgets,
    audit: Audit,
    relay: Relay,
    governance: Governance,
    branding: Branding,
    limits: Limits,
}

impl Administration {
    pub(crate) fn new(parts: AdministrationParts) -> Self {
        let AdministrationParts {
            db,
            clock,
            entropy,
            tasks,
            telemetry,
            streams,
            default_needed,
            accounts,
            documents,
            budgets,
            jobs,
            audit,
            relay,
            governance,
        } = parts;
        Self(Arc::new(Inner {
            branding: Branding::new(db.clone(), clock.clone(), audit.clone()),
            limits: Limits::new(db.clone(), budgets.clone(), jobs.clone(), audit.clone()),
            db,
            clock,
            entropy,
            tasks,
            telemetry,
            streams,
            default_needed,
            jobs,
            accounts,
            documents,
            budgets,
            audit,
            relay,
            governance,
        }))
    }
}

impl Inner {
    /// Puts on record that a user's answers were ended.
    async fn record_ended_streams(
        &self,
        by: By,
        user: UserId,
        streams: i64,
    ) -> Result<i64, DbError> {
        let act = Act::on_user("end_stream", user).with("streams", streams);
        let input = (self.audit.clone(), by, act);
        self.db
            .write(WriteKey::Free, input, |txn, (audit, by, act)| {
                Box::pin(audit.record_act_in(txn, by, act.clone()))
            })
            .await
    }
}
