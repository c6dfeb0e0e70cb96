//! The kinds that this process can run.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use parking_lot::RwLock;

use super::{
    context::JobContext,
    handler::{JobError, JobHandler, Outcome, Policy, class},
    queries::DbErr,
    replay::ReplayConsent,
};
use crate::platform::db::{Txn, WriteKey};

/// A handler with its types hidden, so that all kinds fit in one table.
#[async_trait]
pub(super) trait AnyHandler: Send + Sync {
    fn kind(&self) -> &'static str;
    fn policy(&self) -> Policy;
    fn stages(&self) -> &'static [&'static str];
    fn write_key(&self, user_id: Option<UserId>) -> WriteKey;
    async fn run(
        &self,
        context: &JobContext,
        parameters: serde_json::Value,
    ) -> Result<Outcome, JobError>;
    async fn replay_in(&self, txn: &Txn, new: &job::Model) -> Result<ReplayConsent, DbErr>;
    fn check_input(&self, input: &serde_json::Value) -> Result<(), String>;
    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr>;
}

struct Typed<H>(H);

#[async_trait]
impl<H: JobHandler> AnyHandler for Typed<H> {
    fn kind(&self) -> &'static str {
        H::KIND
    }

    fn policy(&self) -> Policy {
        H::policy()
    }

    fn stages(&self) -> &'static [&'static str] {
        H::stages()
    }

    fn write_key(&self, user_id: Option<UserId>) -> WriteKey {
        self.0.write_key(user_id)
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: serde_json::Value,
    ) -> Result<Outcome, JobError> {
        // A newer version of the program may know these parameters: hence a retry, not the end.
        let parameters = serde_json::from_value(parameters).map_err(|_| {
            JobError::retry(
                class::UNDECODABLE,
                format!(
                    "the parameters are not those of a job of kind `{}`",
                    H::KIND
                ),
            )
        })?;
        self.0.run(context, parameters).await
    }

    async fn replay_in(&self, txn: &Txn, new: &job::Model) -> Result<ReplayConsent, DbErr> {
        self.0.replay_in(txn, new).await
    }

    fn check_input(&self, input: &serde_json::Value) -> Result<(), String> {
        self.0.check_input(input)
    }

    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        self.0.gave_up_in(txn, job).await
    }
}

/// A kind was registered twice.
#[derive(Debug, thiserror::Error)]
#[error("the job kind `{0}` is registered already")]
pub(crate) struct DuplicateKind(pub(crate) &'static str);

/// The table of kinds.
#[derive(Default)]
pub(super) struct Registry(RwLock<BTreeMap<&'static str, Arc<dyn AnyHandler>>>);

impl Registry {
    pub(super) fn add<H: JobHandler>(&self, handler: H) -> Result<(), DuplicateKind> {
        let mut kinds = self.0.write();
        if kinds.contains_key(H::KIND) {
            return Err(DuplicateKind(H::KIND));
        }
        kinds.insert(H::KIND, Arc::new(Typed(handler)));
        Ok(())
    }

    pub(super) fn get(&self, kind: &str) -> Option<Arc<dyn AnyHandler>> {
        self.0.read().get(kind).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn AnyHandler>> {
        self.0.read().values().cloned().collect()
    }

    /// The kind as a metric label: names from the database are not trusted to be few.
    pub(super) fn label(&self, kind: &str) -> &'static str {
        self.0
            .read()
            .get_key_value(kind)
            .map_or("unknown", |(name, _)| *name)
    }
}
