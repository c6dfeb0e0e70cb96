//! How long ended jobs are kept, and how a user's go: those that wait are cancelled, those that run
//! are asked to stop, those that are over are deleted with their events.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;

use super::{
    Jobs,
    queries::{previews, retention as queries},
};
use crate::platform::{
    db::WriteKey,
    retention::{Class, Eraser, Expirer, Part, Place, RetentionError},
};

const JOBS: Place = Place::Table("jobs");
const EVENTS: Place = Place::Table("job_events");
const PREVIEWS: Place = Place::Table("job_previews");
const RUNS: Place = Place::Table("schedule_runs");
const PROCESSES: Place = Place::Table("processes");

impl Jobs {
    /// What the queue registers.
    pub(crate) fn retention(&self) -> Part {
        Part::default()
            .holds(JOBS, Class::FinishedJobs)
            .holds(EVENTS, Class::FinishedJobs)
            .holds(PROCESSES, Class::FinishedJobs)
            .holds(RUNS, Class::FinishedJobs)
            .holds(PREVIEWS, Class::House)
            .holds(Place::Table("leases"), Class::House)
            .expired_by(Ended(self.clone()))
            .erased_by(OfUser(self.clone()))
    }
}

/// Jobs that ended, and processes that stopped, before an instant.
struct Ended(Jobs);

#[async_trait]
impl Expirer for Ended {
    fn class(&self) -> Class {
        Class::FinishedJobs
    }

    fn places(&self) -> &'static [Place] {
        &[JOBS, EVENTS, PROCESSES, RUNS]
    }

    async fn expire_batch(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, RetentionError> {
        let engine = &self.0.0;
        let expired = engine
            .db
            .write_alone(WriteKey::Free, (before, limit), |txn, (before, limit)| {
                Box::pin(queries::expire(txn, *before, *limit))
            })
            .await?;
        Ok(expired)
    }
}

struct OfUser(Jobs);

#[async_trait]
impl Eraser for OfUser {
    fn places(&self) -> &'static [Place] {
        &[JOBS, EVENTS, PREVIEWS]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let input = (self.0.clone(), user, limit);
        let erased = self
            .0
            .0
            .db
            .write_alone(WriteKey::User(user), input, |txn, (jobs, user, limit)| {
                Box::pin(async move {
                    for id in queries::unfinished(txn, *user, *limit).await? {
                        jobs.cancel_in(txn, id).await?;
                    }
                    let acts = queries::forget_actor(txn, *user).await?
                        + previews::erase(txn, *user).await?;
                    Ok(acts + queries::erase(txn, *user, *limit).await?)
                })
            })
            .await?;
        Ok(erased)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        let read = self.0.0.db.read();
        let jobs = queries::count(read, user).await?;
        Ok(jobs + queries::count_acts(read, user).await? + previews::count(read, user).await?)
    }
}
