//! The job that does a previewed act on many jobs or users: no request waits for thousands.

use std::time::Duration;

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Administration;
use crate::platform::{
    audit::{self, Audit, By, Via},
    db::Txn,
    jobs::{Act, JobContext, JobError, JobHandler, NewJob, Outcome, Policy},
};

/// The words on record.
const JOBS: &str = "bulk_jobs";
pub(super) const USERS: &str = "bulk_users";
/// The only stage.
pub(super) const STAGE: &str = "act";

/// The kind `bulk_act`.
pub(crate) struct BulkAct(pub(crate) Administration);

/// Many of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Many {
    Jobs,
    Users,
}

/// Who acts on what; the rows are in the preview that became the job's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BulkParameters {
    many: Many,
    actor: UserId,
    via: String,
    request_id: Option<String>,
}

impl BulkParameters {
    fn by(&self) -> By {
        By {
            actor: self.actor,
            via: Via::of(Some(&self.via)),
            request_id: self.request_id.clone(),
            undoes: None,
        }
    }
}

impl BulkAct {
    /// The job, to be given its preview.
    pub(super) fn job(many: Many, by: &By) -> Result<NewJob, serde_json::Error> {
        NewJob::of::<Self>(&BulkParameters {
            many,
            actor: by.actor,
            via: by.via.as_str().to_owned(),
            request_id: by.request_id.clone(),
        })
    }
}

/// An act on many jobs, as the record has it.
pub(super) fn bulk_act(log: &Audit, by: &By) -> Act {
    let event = audit::Act::on(JOBS, "job", "");
    Act {
        actor: by.actor,
        record: Some((log.clone(), event.by(by))),
    }
}

#[async_trait]
impl JobHandler for BulkAct {
    const KIND: &'static str = "bulk_act";
    type Parameters = BulkParameters;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_hours(1),
            max_rescues: 20,
            priority: 50,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &[STAGE]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: BulkParameters,
    ) -> Result<Outcome, JobError> {
        let by = parameters.by();
        let parts = &self.0.0;
        match parameters.many {
            Many::Jobs => {
                let act = bulk_act(&parts.audit, &by);
                parts.jobs.go_through(context, &act, STAGE).await
            }
            Many::Users => self.0.go_through_users(context, &by).await,
        }
    }

    /// What it has done stands, and is summed up; the preview goes when its time is over.
    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        let Ok(parameters) = serde_json::from_value::<BulkParameters>(job.parameters.clone())
        else {
            return Ok(());
        };
        let so_far = |name: &str| {
            let checkpoint = job.checkpoint.as_ref();
            checkpoint.and_then(|at| at.get(name)).cloned()
        };
        let (action, target) = match parameters.many {
            Many::Jobs => (JOBS, "job"),
            Many::Users => (USERS, "user"),
        };
        let act = audit::Act::on(action, target, "")
            .with("job_id", job.id.to_string())
            .with("ended", job.state.as_str())
            .with("done", so_far("done").unwrap_or_else(|| 0.into()))
            .with("failed", so_far("failed").unwrap_or_else(|| 0.into()))
            .with("skipped", so_far("skipped").unwrap_or_else(|| json!({})));
        let parts = &self.0.0;
        parts
            .audit
            .record_act_in(txn, &parameters.by(), act)
            .await?;
        Ok(())
    }
}
