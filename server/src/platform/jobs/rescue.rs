//! The watchdog: jobs whose worker fell silent go back to the queue, or to the dead letters when
//! they have taken too many workers with them.

use chrono::{DateTime, Utc};
use entities::jobs::job;

use super::{
    Jobs, Policy, class,
    queries::{
        DbErr, claims,
        moves::{self, Guard, Write},
    },
    state::Transition,
};
use crate::platform::db::{DbError, Txn, WriteKey};

/// Lost leases that are read at once.
const PAGE: u64 = 100;

/// What became of a lost lease.
enum Rescue {
    Queued,
    Dead,
    Cancelled,
    /// Somebody else was faster, or the worker came back.
    Nothing,
}

struct Lost {
    jobs: Jobs,
    job: job::Model,
    now: DateTime<Utc>,
    max_rescues: i32,
}

impl Jobs {
    /// Takes back every lease that ran out; answers how many. Any process may do it at any time:
    /// each job is moved on the condition that its lease is still the one that ran out. A job that
    /// cannot be taken back does not keep the others: the first failure is told at the end.
    pub(crate) async fn rescue_lost(&self) -> Result<u64, DbError> {
        let engine = &self.0;
        let now = engine.clock.now();
        let (mut rescued, mut failed, mut after) = (0, None, None);
        loop {
            let page = claims::expired(engine.db.read(), now, after, PAGE).await?;
            let Some(last) = page.last() else {
                return failed.map_or(Ok(rescued), Err);
            };
            after = last.lease_until.map(|until| (until, last.id));
            for job in page {
                let id = job.id;
                match self.rescue(job, now).await {
                    Ok(Rescue::Nothing) => {}
                    Ok(_) => rescued += 1,
                    // Whoever comes after it would fail the same way.
                    Err(error @ DbError::Unavailable(_)) => return Err(error),
                    Err(error) => {
                        tracing::error!(
                            event = "job_not_rescued",
                            job_id = %id,
                            %error,
                            source = ?std::error::Error::source(&error),
                        );
                        failed.get_or_insert(error);
                    }
                }
            }
        }
    }

    async fn rescue(&self, job: job::Model, now: DateTime<Utc>) -> Result<Rescue, DbError> {
        let engine = &self.0;
        let handler = engine.registry.get(&job.kind);
        let kind = engine.registry.label(&job.kind);
        let key = handler
            .as_ref()
            .map_or(WriteKey::Free, |handler| handler.write_key(job.user_id));
        let id = job.id;
        let policy = handler.map_or_else(Policy::default, |handler| handler.policy());
        let lost = Lost {
            jobs: self.clone(),
            job,
            now,
            max_rescues: policy.max_rescues,
        };
        let work = engine
            .db
            .write(key, lost, |txn, lost| Box::pin(lost.rescue(txn)));
        let outcome = work.await?;
        if matches!(outcome, Rescue::Queued | Rescue::Dead) {
            let dead = matches!(outcome, Rescue::Dead);
            tracing::warn!(event = "job_rescued", job_id = %id, kind, dead);
            engine.observer.rescued(kind, dead);
        }
        Ok(outcome)
    }
}

impl Lost {
    async fn rescue(&self, txn: &Txn) -> Result<Rescue, DbErr> {
        if self.job.rescues.saturating_add(1) >= self.max_rescues {
            let write = Write {
                error: Some((
                    class::POISON_PILL,
                    format!("its worker was lost {} times", self.max_rescues),
                )),
                unless_cancelled: true,
                rescue: true,
                ..Write::default()
            };
            if self.end(txn, Transition::Fail, &write).await? {
                return Ok(Rescue::Dead);
            }
        } else {
            let write = Write {
                run_at: Some(self.now),
                unless_cancelled: true,
                rescue: true,
                ..Write::default()
            };
            let queued =
                moves::apply(txn, self.guard(), Transition::Rescue, &write, self.now).await?;
            if queued.is_some() {
                return Ok(Rescue::Queued);
            }
        }
        let write = Write {
            error: Some((class::CANCELLED, "the job was cancelled".to_owned())),
            rescue: true,
            ..Write::default()
        };
        Ok(if self.end(txn, Transition::Cancel, &write).await? {
            Rescue::Cancelled
        } else {
            Rescue::Nothing
        })
    }

    async fn end(&self, txn: &Txn, transition: Transition, write: &Write) -> Result<bool, DbErr> {
        match moves::apply(txn, self.guard(), transition, write, self.now).await? {
            Some(job) => {
                self.jobs.gave_up_in(txn, &job).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn guard(&self) -> Guard {
        Guard::Lost {
            id: self.job.id,
            claim: self.job.claim,
            before: self.now,
        }
    }
}
