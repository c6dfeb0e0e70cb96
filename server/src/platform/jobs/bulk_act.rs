//! Doing to many jobs what a preview said, in the request or, when they are many, by a job. One that
//! has changed since the preview is left alone and told.

use std::{collections::BTreeMap, time::Duration};

use entities::{
    JobId,
    jobs::{job, job_preview},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    Act, Acted, JobAction, JobContext, JobError, Jobs, NewJob, Outcome,
    bulk::Row,
    bulk_done::BulkDone,
    queries::{DbErr, lists, previews},
    settings::delta,
};
use crate::platform::db::{DbError, Txn, WriteKey};

/// How long a job may take over a preview that became its own.
const KEPT_FOR_A_JOB: Duration = Duration::from_hours(24 * 7);
/// Jobs that one transaction deals with, and one request.
const AT_ONCE: usize = 100;

/// What became of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Done(BulkDone),
    /// A job does it. `entry` is the number of the beginning in the record.
    Begun {
        job: JobId,
        entry: Option<i64>,
    },
}

/// The preview cannot be acted on: it was acted on, is too old, or is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The preview is not valid any more. Ask for it again.")]
pub(crate) struct PreviewGone;

impl Jobs {
    /// Does to the rows of a preview what it said. Few are done at once; beyond [`AT_ONCE`] the
    /// preview becomes that of `job`, which [`Jobs::go_through`] it, and is begun.
    pub(crate) async fn apply(
        &self,
        token: Uuid,
        act: &Act,
        job: NewJob,
    ) -> Result<Result<Applied, PreviewGone>, DbError> {
        let claim = Claim {
            jobs: self.clone(),
            token,
            act: act.clone(),
            job: NewJob {
                id: Some(self.new_id()),
                ..job
            },
        };
        let write = self.0.db.write(WriteKey::Free, claim, |txn, claim| {
            Box::pin(claim.apply(txn))
        });
        let preview = match write.await? {
            Claimed::Gone => return Ok(Err(PreviewGone)),
            Claimed::Begun(job, entry) => return Ok(Ok(Applied::Begun { job, entry })),
            Claimed::Taken(preview) => preview,
        };
        let Some((action, rows)) = read(&preview) else {
            return Ok(Err(PreviewGone));
        };
        let done = self.at_once(action, rows, act).await?;
        tell(action, &done, act);
        Ok(Ok(Applied::Done(done)))
    }

    /// Does it in one transaction or, when that fails, to each row in its own: one with which
    /// something is wrong stops no other.
    async fn at_once(
        &self,
        action: JobAction,
        rows: Vec<Row>,
        act: &Act,
    ) -> Result<BulkDone, DbError> {
        let write = async |rows: Vec<Row>| {
            let batch = self.batch(action, rows, act);
            let write = self.0.db.write_alone(WriteKey::Free, batch, |txn, batch| {
                Box::pin(batch.apply(txn))
            });
            write.await
        };
        match write(rows.clone()).await {
            Err(DbError::Unavailable(source)) => return Err(DbError::Unavailable(source)),
            Err(error) => tell_failed(None, &error),
            Ok(done) => return Ok(done),
        }
        let mut all = BulkDone::default();
        let mut rest = rows.into_iter();
        while let Some(row) = rest.next() {
            match write(vec![row]).await {
                Ok(done) => all.add(done),
                Err(error) => {
                    tell_failed(Some(row.0), &error);
                    all.fail();
                    if let DbError::Unavailable(_) = error {
                        // Each would wait for it in vain.
                        rest.by_ref().for_each(|_| all.fail());
                    }
                }
            }
        }
        let input = (act.clone(), all.clone());
        let sum = self.0.db.write(WriteKey::Free, input, |txn, (act, all)| {
            Box::pin(async move { act.record_in(txn, &all.numbers()).await })
        });
        all.entry = match sum.await {
            Ok(entry) => entry,
            // Each row has an entry of its own: what was done must be told all the same.
            Err(error) => {
                tell_failed(None, &error);
                None
            }
        };
        Ok(all)
    }

    /// Does what a preview said that became a job's, a batch in each transaction with where it
    /// stands and its entry in the record. An earlier run's batches are not done again.
    pub(crate) async fn go_through(
        &self,
        context: &JobContext,
        act: &Act,
        stage: &'static str,
    ) -> Result<Outcome, JobError> {
        let preview = previews::find(self.0.db.read(), context.job_id().0).await;
        let Some(preview) = preview.map_err(DbError::from)? else {
            // Erased with the person who asked.
            return Err(JobError::Cancelled);
        };
        let Some((action, rows)) = read(&preview) else {
            let message = "The preview is that of another version of the program.";
            return Err(JobError::fail("preview", message));
        };
        let mut at: Step = context.checkpoint().unwrap_or_default();
        while at.next < rows.len() {
            context.check()?;
            context.progress(ratio(at.next, rows.len()), stage).await?;
            let end = rows.len().min(at.next + AT_ONCE);
            let batch = self.batch(action, rows[at.next..end].to_vec(), act);
            at = match step(context, batch, &at).await {
                Err(error @ JobError::Retry { .. }) => {
                    tell_failed(None, &error);
                    self.one_by_one(context, action, &rows[..end], act, at)
                        .await?
                }
                stepped => stepped?,
            };
        }
        tell(action, &at.so_far, act);
        let end = (context.job_id(), act.clone(), at.so_far);
        Ok(Outcome::done_with(end, |txn, (job, act, all)| {
            Box::pin(async move {
                previews::remove(txn, job.0).await?;
                if all.failed > 0 {
                    act.record_in(txn, &all.numbers()).await?;
                }
                Ok(())
            })
        }))
    }

    /// Goes on to the end of the rows, each of them in a transaction of its own.
    async fn one_by_one(
        &self,
        context: &JobContext,
        action: JobAction,
        rows: &[Row],
        act: &Act,
        mut at: Step,
    ) -> Result<Step, JobError> {
        while let Some(row) = rows.get(at.next) {
            let batch = self.batch(action, vec![*row], act);
            at = match step(context, batch, &at).await {
                Err(error @ JobError::Retry { .. }) => {
                    // Where nothing can be written this cannot either, and the job is tried again.
                    let (nothing, failed) = (self.batch(action, Vec::new(), act), at.failed());
                    let failed = step(context, nothing, &failed).await?;
                    tell_failed(Some(row.0), &error);
                    failed
                }
                stepped => stepped?,
            };
        }
        Ok(at)
    }

    fn batch(&self, action: JobAction, rows: Vec<Row>, act: &Act) -> Batch {
        Batch {
            jobs: self.clone(),
            action,
            rows,
            act: act.clone(),
        }
    }
}

/// Where an act on many jobs stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Step {
    /// Rows before this one are dealt with.
    next: usize,
    #[serde(flatten)]
    so_far: BulkDone,
}

impl Step {
    /// With a row that could not be dealt with.
    fn failed(&self) -> Self {
        let mut step = self.clone();
        step.next += 1;
        step.so_far.fail();
        step
    }
}

/// Deals with the next rows, together with where the act stands then.
async fn step(context: &JobContext, batch: Batch, at: &Step) -> Result<Step, JobError> {
    let step = context.write_step(WriteKey::Free, (batch, at.clone()), |txn, (batch, at)| {
        Box::pin(async move {
            let mut step = at.clone();
            step.next += batch.rows.len();
            step.so_far.add(batch.apply(txn).await?);
            Ok(step)
        })
    });
    step.await
}

fn tell_failed(job: Option<JobId>, error: &(dyn std::error::Error + 'static)) {
    tracing::warn!(
        event = "jobs_bulk_act_failed",
        job_id = job.map(tracing::field::display),
        error,
        source = error.source(),
    );
}

fn read(preview: &job_preview::Model) -> Option<(JobAction, Vec<Row>)> {
    let rows = serde_json::from_value(preview.rows.clone()).ok()?;
    Some((JobAction::parse(&preview.action)?, rows))
}

fn tell(action: JobAction, done: &BulkDone, act: &Act) {
    tracing::info!(
        event = "jobs_bulk_act",
        action = action.as_str(),
        done = done.done,
        failed = done.failed,
        user_id = act.actor.0
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a preview has at most 10,000 rows"
)]
fn ratio(done: usize, of: usize) -> f64 {
    done as f64 / of.max(1) as f64
}

/// Takes a preview, for the caller or for a job.
struct Claim {
    jobs: Jobs,
    token: Uuid,
    act: Act,
    job: NewJob,
}

enum Claimed {
    Gone,
    Taken(job_preview::Model),
    Begun(JobId, Option<i64>),
}

impl Claim {
    async fn apply(&self, txn: &Txn) -> Result<Claimed, DbErr> {
        let now = self.jobs.0.clock.now();
        let taken = previews::take(txn, self.token, self.act.actor, now).await?;
        let Some(preview) = taken else {
            return Ok(Claimed::Gone);
        };
        let rows = preview.rows.as_array().map_or(0, Vec::len);
        if rows <= AT_ONCE {
            return Ok(Claimed::Taken(preview));
        }
        let job = self.jobs.enqueue_in(txn, &self.job).await?.id();
        let of_job = job_preview::Model {
            id: job.0,
            created_at: now,
            expires_at: now + delta(KEPT_FOR_A_JOB),
            ..preview
        };
        previews::insert(txn, &of_job).await?;
        let numbers = [("job_id", json!(job)), ("jobs", json!(rows))];
        let entry = self.act.record_in(txn, &numbers).await?;
        Ok(Claimed::Begun(job, entry))
    }
}

struct Batch {
    jobs: Jobs,
    action: JobAction,
    rows: Vec<Row>,
    act: Act,
}

impl Batch {
    async fn apply(&self, txn: &Txn) -> Result<BulkDone, DbErr> {
        let mut done = BulkDone::default();
        let ids: Vec<JobId> = self.rows.iter().map(|(id, _)| *id).collect();
        let revs: BTreeMap<JobId, i64> = self.rows.iter().copied().collect();
        let mut found = lists::by_ids(txn, &ids).await?;
        for _ in found.len()..ids.len() {
            done.skip("not found".to_owned());
        }
        // The money rows of users are locked in the order that every batch has.
        found.sort_by_key(|job| (job.user_id, job.id));
        for job in found {
            if revs.get(&job.id) == Some(&job.rev) {
                self.one(txn, &job, &mut done).await?;
            } else {
                done.skip("changed since the preview".to_owned());
            }
        }
        if done.done > 0 {
            done.entry = self.act.record_in(txn, &done.numbers()).await?;
        }
        Ok(done)
    }

    async fn one(&self, txn: &Txn, job: &job::Model, done: &mut BulkDone) -> Result<(), DbErr> {
        let actor = Some(self.act.actor);
        match self.jobs.act_in(txn, self.action, job.id, actor).await? {
            Acted::Done(job) => {
                done.done += 1;
                if self.action == JobAction::Replay {
                    done.replayed.push(job.id);
                }
            }
            Acted::Requested(_) => done.done += 1,
            Acted::NotPossible { reason, .. } => done.skip(reason),
            Acted::Unknown => done.skip("not found".to_owned()),
        }
        Ok(())
    }
}
