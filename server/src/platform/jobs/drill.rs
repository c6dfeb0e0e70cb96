//! A kind for drills: it takes the time that it is told to, and its end leaves an entry on record.
//! Only programs that are built to be broken by tests know it.

use std::time::Duration;

use async_trait::async_trait;
use entities::{JobId, jobs::job};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{JobContext, JobError, JobHandler, Outcome, Policy, queries::DbErr};
use crate::platform::{
    audit::{Audit, AuditEvent},
    db::Txn,
};

/// The kind `drill`.
pub(crate) struct Drill(pub(crate) Audit);

/// How long it takes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct DrillParameters {
    pub(crate) milliseconds: u64,
}

#[async_trait]
impl JobHandler for Drill {
    const KIND: &'static str = "drill";
    type Parameters = DrillParameters;

    fn policy() -> Policy {
        Policy {
            concurrency: usize::MAX,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["wait"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: DrillParameters,
    ) -> Result<Outcome, JobError> {
        context.progress(0.0, "wait").await?;
        let over = tokio::time::sleep(Duration::from_millis(parameters.milliseconds));
        let told = context.cancelled().run_until_cancelled(over).await;
        told.ok_or(JobError::Cancelled)?;
        let effect = (self.0.clone(), context.job_id());
        Ok(Outcome::done_with(effect, |txn, (audit, job)| {
            Box::pin(async move { audit.record_in(txn, &done(*job)).await.map(|_| ()) })
        }))
    }

    async fn gave_up_in(&self, _txn: &Txn, _job: &job::Model) -> Result<(), DbErr> {
        Ok(())
    }
}

fn done(job: JobId) -> AuditEvent {
    AuditEvent {
        actor: None,
        action: Drill::KIND,
        target_type: Some("job"),
        target_id: Some(job.to_string()),
        metadata: json!({}),
    }
}
