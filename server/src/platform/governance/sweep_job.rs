//! The job that deletes what has outlived its class.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::{RunCause, RunOutcome, UserId, jobs::job};
use serde::{Deserialize, Serialize};

use super::{Governance, preview::ONE_RUN, sweeping::RunOf};
use crate::platform::{
    db::{DbErr, Txn},
    jobs::{JobContext, JobError, JobHandler, NewJob, Outcome, Policy},
    retention::{Class, runs},
};

/// The kind `retention_run`.
pub(crate) struct RunRetention(pub(crate) Governance);

/// A class, and the instant before which its data must have been over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pass {
    pub(crate) class: String,
    pub(crate) before: DateTime<Utc>,
}

/// Which classes, for whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RunParameters {
    cause: RunCause,
    actor: Option<UserId>,
    passes: Vec<Pass>,
}

impl RunRetention {
    pub(super) fn job(
        cause: RunCause,
        actor: Option<UserId>,
        passes: Vec<Pass>,
    ) -> Result<NewJob, serde_json::Error> {
        let mut job = NewJob::of::<Self>(&RunParameters {
            cause,
            actor,
            passes,
        })?;
        job.duplicate_key = Some(ONE_RUN.to_owned());
        Ok(job)
    }
}

#[async_trait]
impl JobHandler for RunRetention {
    const KIND: &'static str = "retention_run";
    type Parameters = RunParameters;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_hours(6),
            max_rescues: 20,
            priority: 200,
            concurrency: 1,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["sweep"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: RunParameters,
    ) -> Result<Outcome, JobError> {
        let run = RunOf {
            cause: parameters.cause,
            actor: parameters.actor,
            job: Some(context.job_id()),
        };
        let count = parameters.passes.len();
        // A class that fails does not keep the others: the first failure is told at the end. When the
        // job tries again, those that are done stand on its record.
        let mut failed = None;
        for (done, pass) in parameters.passes.iter().enumerate() {
            context.progress(ratio(done, count), "sweep").await?;
            // A class of another version of the program.
            let Some(class) = Class::named(&pass.class) else {
                continue;
            };
            let swept = self
                .0
                .sweep(run, class, pass.before, context.cancelled())
                .await;
            context.check()?;
            if let Err(error) = swept {
                failed.get_or_insert(error);
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(Outcome::done()),
        }
    }

    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        let outcome = RunOutcome::Failed;
        runs::close_of_job(txn, job.id, outcome, job.updated_at).await?;
        Ok(())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer classes than a float can count"
)]
fn ratio(done: usize, of: usize) -> f64 {
    done as f64 / of.max(1) as f64
}
