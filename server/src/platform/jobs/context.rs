//! What a running handler is given.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use entities::{JobId, jobs::job};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    JobError, Jobs,
    queries::{
        DbErr,
        moves::{self, Report, Run},
    },
    stop::{StopReason, StopSignal},
};
use crate::platform::db::{Txn, WriteKey};

/// A run of a job, seen from its handler.
pub(crate) struct JobContext {
    jobs: Jobs,
    run: Run,
    job: Arc<job::Model>,
    stop: Arc<StopSignal>,
    reported: Mutex<Reported>,
}

struct Reported {
    stage: Option<&'static str>,
    written_at: Option<Instant>,
    checkpoint: Option<serde_json::Value>,
}

/// What to write of a handler's progress now.
enum Due {
    Nothing,
    Progress,
    /// Another stage has begun.
    Stage,
}

/// Progress within a stage is written at most twice a second.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

impl JobContext {
    pub(super) fn new(jobs: Jobs, run: Run, job: Arc<job::Model>, stop: Arc<StopSignal>) -> Self {
        Self {
            jobs,
            run,
            stop,
            reported: Mutex::new(Reported {
                stage: None,
                written_at: None,
                checkpoint: job.checkpoint.clone(),
            }),
            job,
        }
    }

    /// The job.
    pub(crate) fn job_id(&self) -> JobId {
        self.job.id
    }

    /// The number of this lease: higher than that of every earlier run.
    pub(crate) fn claim(&self) -> i64 {
        self.run.claim
    }

    /// 1 for the first attempt; rises with errors, not with lost leases.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kinds of later features ask for it")
    )]
    pub(crate) fn attempt(&self) -> i32 {
        self.job.attempts.saturating_add(1)
    }

    /// Now, by the injected clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.jobs.0.clock.now()
    }

    /// Cancelled when the handler should stop at the next safe point and return
    /// [`JobError::Cancelled`]: its owner wants it, the process stops, or the lease is lost.
    pub(crate) fn cancelled(&self) -> &CancellationToken {
        self.stop.token()
    }

    /// A safe point: an error when the handler should stop.
    pub(crate) fn check(&self) -> Result<(), JobError> {
        if self.stop.token().is_cancelled() {
            return Err(JobError::Cancelled);
        }
        Ok(())
    }

    /// Shows how far the job is: `ratio` from 0 to 1, and the stage, which is logged when it
    /// changes. Progress that cannot be written is not worth failing for, except when the lease is
    /// lost.
    pub(crate) async fn progress(&self, ratio: f64, stage: &'static str) -> Result<(), JobError> {
        let stage = match self.due(stage) {
            Due::Nothing => return Ok(()),
            Due::Progress => None,
            Due::Stage => Some(stage),
        };
        let report = Report {
            progress: Some(if ratio.is_nan() {
                0.0
            } else {
                ratio.clamp(0.0, 1.0)
            }),
            stage,
            checkpoint: None,
        };
        match self.write(report).await {
            Err(JobError::Cancelled) => Err(JobError::Cancelled),
            _ => Ok(()),
        }
    }

    fn due(&self, stage: &'static str) -> Due {
        let mut reported = self.reported.lock();
        let now = Instant::now();
        let changed = reported.stage != Some(stage);
        let recent = reported
            .written_at
            .is_some_and(|at| now.duration_since(at) < PROGRESS_INTERVAL);
        if recent && !changed {
            return Due::Nothing;
        }
        reported.stage = Some(stage);
        reported.written_at = Some(now);
        if changed { Due::Stage } else { Due::Progress }
    }

    /// Where an earlier run left off. `None` too when a run of another version wrote something
    /// else: the job then begins anew.
    pub(crate) fn checkpoint<T: DeserializeOwned>(&self) -> Option<T> {
        let checkpoint = self.reported.lock().checkpoint.clone()?;
        serde_json::from_value(checkpoint).ok()
    }

    /// What a person gave the job since it asked; `None` too when it is not a `T`.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kinds of later features ask for it")
    )]
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Option<T> {
        let input = self.job.input.clone()?;
        serde_json::from_value(input).ok()
    }

    /// Keeps where this run is, in place of what was kept before.
    pub(crate) async fn save_checkpoint<T>(&self, checkpoint: &T) -> Result<(), JobError>
    where
        T: Serialize + Sync,
    {
        let checkpoint = serde_json::to_value(checkpoint)
            .map_err(|error| JobError::fail("checkpoint", error.to_string()))?;
        self.write(Report {
            checkpoint: Some(checkpoint.clone()),
            ..Report::default()
        })
        .await?;
        self.reported.lock().checkpoint = Some(checkpoint);
        Ok(())
    }

    /// Writes a bounded batch in a transaction of its own, together with the checkpoint behind it
    /// and on the condition that this run still holds the job.
    pub(crate) async fn write_alone<I, W>(
        &self,
        checkpoint: serde_json::Value,
        input: I,
        work: W,
    ) -> Result<(), JobError>
    where
        I: Send + Sync + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
    {
        let report = Report {
            checkpoint: Some(checkpoint.clone()),
            ..Report::default()
        };
        self.held(WriteKey::Free, report, input, work).await?;
        self.reported.lock().checkpoint = Some(checkpoint);
        Ok(())
    }

    /// Writes in a transaction of its own, on the condition that this run still holds the job: the
    /// fence for whatever a run changes before its end. A run that was frozen past its lease must
    /// not undo what another has finished meanwhile.
    pub(crate) async fn write_held<I, T, W>(
        &self,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<T, JobError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        self.held(key, Report::default(), input, work).await
    }

    /// As [`JobContext::write_held`]; what `work` answers is where the job goes on, and is kept in
    /// the same transaction.
    pub(crate) async fn write_step<I, T, W>(
        &self,
        key: WriteKey,
        input: I,
        work: W,
    ) -> Result<T, JobError>
    where
        I: Send + Sync + 'static,
        T: Serialize + Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let input = (self.run, self.now(), input, work);
        let step = self.held(key, Report::default(), input, |txn, input| {
            let (run, now, input, work) = input;
            Box::pin(async move {
                let step = work(txn, input).await?;
                let checkpoint = serde_json::to_value(&step);
                let report = Report {
                    checkpoint: Some(checkpoint.map_err(|error| DbErr::Custom(error.to_string()))?),
                    ..Report::default()
                };
                moves::report(txn, *run, &report, *now).await?;
                Ok(step)
            })
        });
        let step = step.await?;
        self.reported.lock().checkpoint = serde_json::to_value(&step).ok();
        Ok(step)
    }

    async fn held<I, T, W>(
        &self,
        key: WriteKey,
        report: Report,
        input: I,
        work: W,
    ) -> Result<T, JobError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let input = (self.run, report, self.now(), input, work);
        let written = self
            .jobs
            .0
            .db
            .write_alone(key, input, |txn, (run, report, now, input, work)| {
                Box::pin(async move {
                    if !moves::report(txn, *run, report, *now).await? {
                        return Ok(None);
                    }
                    work(txn, input).await.map(Some)
                })
            })
            .await?;
        written.ok_or_else(|| {
            self.stop.stop(StopReason::LeaseLost);
            JobError::Cancelled
        })
    }

    async fn write(&self, report: Report) -> Result<(), JobError> {
        let input = (self.run, report, self.now());
        let held = self
            .jobs
            .0
            .db
            .write(WriteKey::Free, input, |txn, (run, report, now)| {
                Box::pin(moves::report(txn, *run, report, *now))
            })
            .await?;
        if held {
            Ok(())
        } else {
            self.stop.stop(StopReason::LeaseLost);
            Err(JobError::Cancelled)
        }
    }
}
