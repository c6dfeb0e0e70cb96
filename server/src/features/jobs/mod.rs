//! What people see of their own work in the background: a list, one job and its log as it is
//! written, a way to stop it, and a way to answer what it asks.

mod api;
mod cursor;
mod error;
mod events;
mod readers;

pub(crate) use api::register;

use std::sync::Arc;

use entities::{JobId, UserId, jobs::job};
use tokio_util::sync::CancellationToken;

use crate::platform::{
    clock::Clock,
    jobs::{Act, Acted, InputRefusal, JobFilter, JobPage, JobPosition, JobSort, Jobs},
};
use error::JobsError;
use readers::Readers;

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct OwnJobs(Arc<Inner>);

struct Inner {
    jobs: Jobs,
    clock: Arc<dyn Clock>,
    /// Cancelled when the server begins to stop.
    stopping: CancellationToken,
    readers: Readers,
}

impl OwnJobs {
    pub(crate) fn new(jobs: Jobs, clock: Arc<dyn Clock>, stopping: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            jobs,
            clock,
            stopping,
            readers: Readers::default(),
        }))
    }

    /// A page of the user's jobs.
    async fn list(
        &self,
        user: UserId,
        filter: JobFilter,
        sort: JobSort,
        after: Option<&JobPosition>,
        limit: u64,
    ) -> Result<JobPage, JobsError> {
        let own = JobFilter {
            user_id: Some(user),
            ..filter
        };
        Ok(self.0.jobs.list(&own, sort, after, limit).await?)
    }

    /// The job, if it is the user's.
    async fn one(&self, user: UserId, id: JobId) -> Result<job::Model, JobsError> {
        let found = self.0.jobs.find_for_user(id, user).await?;
        found.ok_or(JobsError::NotFound)
    }

    /// Stops the job. A job that is over, or being stopped, stays as it is.
    async fn cancel(&self, user: UserId, id: JobId) -> Result<job::Model, JobsError> {
        self.one(user, id).await?;
        let acted = self.0.jobs.cancel(id, &own_act(user)).await?;
        match acted {
            Acted::Done(job) | Acted::Requested(job) => Ok(job),
            Acted::NotPossible { .. } => self.one(user, id).await,
            Acted::Unknown => Err(JobsError::NotFound),
        }
    }

    /// Gives the job what it asks for.
    async fn give_input(
        &self,
        user: UserId,
        id: JobId,
        input: serde_json::Value,
    ) -> Result<job::Model, JobsError> {
        self.one(user, id).await?;
        let given = self.0.jobs.give_input(id, input, &own_act(user)).await?;
        given.map_err(|refusal| match refusal {
            InputRefusal::Unknown => JobsError::NotFound,
            InputRefusal::NotAwaiting(_) => JobsError::NotAwaiting(refusal.to_string()),
            InputRefusal::Invalid(message) => JobsError::InvalidInput(message),
        })
    }
}

/// What people do to their own jobs is in the jobs' logs and not in the record.
fn own_act(user: UserId) -> Act {
    Act {
        actor: user,
        record: None,
    }
}
