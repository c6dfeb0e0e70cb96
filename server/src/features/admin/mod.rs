//! What admins see and do: users, budgets, the audit log, stuck work, the branding of the house.
//!
//! Auditors may look at everything here and change nothing.

mod api;
mod branding;
pub(crate) mod engine;
mod error;
mod limits;
mod queries;
mod retention;
#[cfg(test)]
mod tests;

pub(crate) use api::register;
pub(crate) use error::AdminError;
pub(crate) use retention::retention;

use std::sync::Arc;

use crate::{
    features::{accounts::Accounts, documents::Documents},
    platform::{audit::Audit, budgets::Budgets, clock::Clock, db::Db, jobs::Jobs},
};
use branding::Branding;
use limits::Limits;

/// What the feature needs from the house.
pub(crate) struct AdministrationParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accounts: Accounts,
    pub(crate) documents: Documents,
    pub(crate) budgets: Budgets,
    pub(crate) jobs: Jobs,
    pub(crate) audit: Audit,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Administration(Arc<Inner>);

struct Inner {
    accounts: Accounts,
    documents: Documents,
    budgets: Budgets,
    audit: Audit,
    branding: Branding,
    limits: Limits,
}

impl Administration {
    pub(crate) fn new(parts: AdministrationParts) -> Self {
        let AdministrationParts {
            db,
            clock,
            accounts,
            documents,
            budgets,
            jobs,
            audit,
        } = parts;
        Self(Arc::new(Inner {
            branding: Branding::new(db.clone(), clock, audit.clone()),
            limits: Limits::new(db, budgets.clone(), jobs, audit.clone()),
            accounts,
            documents,
            budgets,
            audit,
        }))
    }
}
