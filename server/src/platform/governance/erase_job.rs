//! The job that erases a user. It is the house's own: the user's jobs go with the user.

use std::time::Duration;

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use serde::{Deserialize, Serialize};

use super::Governance;
use crate::platform::{
    db::{DbErr, Txn, WriteKey},
    jobs::{JobContext, JobError, JobHandler, NewJob, Outcome, Policy},
};

/// The kind `erase_user`.
pub(crate) struct EraseUser(pub(crate) Governance);

/// Whom, and who wanted it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct EraseParameters {
    user_id: UserId,
    actor: Option<UserId>,
}

impl EraseUser {
    pub(super) fn job(actor: Option<UserId>, user_id: UserId) -> Result<NewJob, serde_json::Error> {
        NewJob::of::<Self>(&EraseParameters { user_id, actor })
    }
}

#[async_trait]
impl JobHandler for EraseUser {
    const KIND: &'static str = "erase_user";
    type Parameters = EraseParameters;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_hours(1),
            max_rescues: 10,
            priority: 50,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["erase"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: EraseParameters,
    ) -> Result<Outcome, JobError> {
        context.progress(0.0, "erase").await?;
        let EraseParameters { user_id, actor } = parameters;
        let signed = self.0.erase(actor, user_id, context.cancelled()).await?;
        let left = signed.receipt.left();
        let input = (self.0.clone(), signed);
        if left == 0 {
            return Ok(Outcome::done_with(input, |txn, (governance, signed)| {
                Box::pin(governance.store_receipt_in(txn, signed))
            }));
        }
        // What was found is on record even if the next attempt finds no more.
        context
            .write_held(WriteKey::Free, input, |txn, (governance, signed)| {
                Box::pin(governance.store_receipt_in(txn, signed))
            })
            .await?;
        Err(JobError::retry(
            "remaining",
            format!("{left} rows or blobs of the user are still there"),
        ))
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        // The receipts say what is left; the dead letter tells an admin.
        Ok(())
    }
}
