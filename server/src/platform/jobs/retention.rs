//! How long ended jobs are kept, and how a user's go: those that wait are cancelled, those that run
//! are asked to stop, those that are over are deleted with their events.

use async_trait::async_trait;
use entities::{JobId, UserId, jobs::job};
use serde_json::{Value, json};

use super::{
    Jobs,
    queries::{previews, retention as queries},
};
use crate::platform::{
    db::WriteKey,
    retention::{Class, Cursor, Eraser, Exporter, Page, Part, Place, RetentionError, Rows},
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
            .expired_by(Rows {
                db: self.0.db.clone(),
                class: Class::FinishedJobs,
                places: &[EVENTS, JOBS, RUNS, PROCESSES],
                tables: queries::ended_work(),
            })
            .erased_by(OfUser(self.clone()))
            .exported_by(Work(self.clone()))
    }
}

/// A user's jobs, as the user is given them.
struct Work(Jobs);

#[async_trait]
impl Exporter for Work {
    fn file(&self) -> &'static str {
        "jobs.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let after = after.and_then(|key| key.parse().ok()).map(JobId);
        let found = queries::page(self.0.0.db.read(), user, after, limit).await?;
        Ok(Page::of(&found, limit, |job| job.id.to_string(), exported))
    }
}

fn exported(job: &job::Model) -> Value {
    json!({
        "id": job.id,
        "kind": job.kind,
        "parameters": job.parameters,
        "state": job.state,
        "stage": job.stage,
        "progress_ratio": job.progress,
        "attempts": job.attempts,
        "error_class": job.error_class,
        "error_message": job.error_message,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
    })
}

struct OfUser(Jobs);

impl OfUser {
    /// A job that is cancelled may give money back: each by the key of its kind.
    async fn cancel_unfinished(&self, user: UserId, limit: u64) -> Result<(), RetentionError> {
        let engine = &self.0.0;
        for job in queries::unfinished(engine.db.read(), user, limit).await? {
            let handler = engine.registry.get(&job.kind);
            let key = handler.map_or(WriteKey::Free, |handler| handler.write_key(Some(user)));
            let input = (self.0.clone(), job.id);
            engine
                .db
                .write(key, input, |txn, (jobs, id)| {
                    Box::pin(jobs.cancel_in(txn, *id))
                })
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Eraser for OfUser {
    fn places(&self) -> &'static [Place] {
        &[JOBS, EVENTS, PREVIEWS]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        self.cancel_unfinished(user, limit).await?;
        let erased = self
            .0
            .0
            .db
            .write_alone(WriteKey::User(user), (user, limit), |txn, (user, limit)| {
                Box::pin(async move {
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
