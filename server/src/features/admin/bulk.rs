//! The job that does a previewed act on many jobs or users: no request waits for thousands.

use std::time::Duration;

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};

use super::Administration;
use crate::platform::{
    audit::{self, Audit, By, Via},
    db::Txn,
    jobs::{Act, JobContext, JobError, JobHandler, NewJob, Outcome, Policy},
};

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
    let event = audit::Act::on("bulk_jobs", "job", "");
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
        let by = By {
            actor: parameters.actor,
            via: Via::of(Some(&parameters.via)),
            request_id: parameters.request_id,
            undoes: None,
        };
        let parts = &self.0.0;
        match parameters.many {
            Many::Jobs => {
                let act = bulk_act(&parts.audit, &by);
                parts.jobs.go_through(context, &act, STAGE).await
            }
            Many::Users => self.0.go_through_users(context, &by).await,
        }
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        // What it has done stands, and the preview goes when its time is over.
        Ok(())
    }
}
