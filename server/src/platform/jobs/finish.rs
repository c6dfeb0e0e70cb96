//! Ending a run: the job's row, its effect and its subject in one transaction, on the condition
//! that the run still holds the job.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entities::jobs::job;

use super::{
    Effect, Jobs, RunResult, class,
    queries::{
        DbErr,
        moves::{self, Guard, Run, Write},
    },
    state::Transition,
};
use crate::platform::db::Txn;

/// How a run ends.
pub(super) enum End {
    Succeeded(Effect),
    AwaitBudget,
    AwaitInput {
        prompt: String,
    },
    Retry {
        class: &'static str,
        message: String,
    },
    Failed {
        class: &'static str,
        message: String,
    },
    Cancelled,
    GivenBack,
    /// The lease is lost: whatever came of it is thrown away.
    Fenced,
}

/// The end of a run, ready to be written, more than once if need be.
pub(super) struct Finish {
    pub(super) jobs: Jobs,
    pub(super) run: Run,
    pub(super) job: Arc<job::Model>,
    pub(super) end: End,
    /// When to try again, if the end is an error that is not the last.
    pub(super) retry_at: DateTime<Utc>,
}

impl Finish {
    /// Writes the end, or nothing when the lease is lost.
    pub(super) async fn apply(&self, txn: &Txn) -> Result<RunResult, DbErr> {
        let now = self.jobs.0.clock.now();
        match &self.end {
            End::Fenced => Ok(RunResult::Fenced),
            End::Succeeded(effect) => self.succeed(txn, effect, now).await,
            End::AwaitBudget => {
                let write = Write::default();
                let result = RunResult::AwaitingBudget;
                self.put_back(txn, Transition::AwaitBudget, write, result, now)
                    .await
            }
            End::AwaitInput { prompt } => {
                let write = Write {
                    prompt: Some(prompt.clone()),
                    ..Write::default()
                };
                let result = RunResult::AwaitingInput;
                self.put_back(txn, Transition::AwaitInput, write, result, now)
                    .await
            }
            End::GivenBack => {
                let write = Write {
                    run_at: Some(now),
                    ..Write::default()
                };
                let result = RunResult::GivenBack;
                self.put_back(txn, Transition::GiveBack, write, result, now)
                    .await
            }
            End::Retry { class, message } => self.retry(txn, class, message, now).await,
            End::Failed { class, message } => {
                let write = Write {
                    error: Some((*class, message.clone())),
                    attempt: true,
                    ..Write::default()
                };
                self.give_up(txn, Transition::Fail, &write, now).await
            }
            End::Cancelled => self.cancel(txn, now).await,
        }
    }

    async fn succeed(
        &self,
        txn: &Txn,
        effect: &Effect,
        now: DateTime<Utc>,
    ) -> Result<RunResult, DbErr> {
        let held = Guard::Held(self.run);
        let write = Write::default();
        match moves::apply(txn, held, Transition::Succeed, &write, now).await? {
            Some(_) => {
                effect.apply(txn).await?;
                Ok(RunResult::Ok)
            }
            None => Ok(RunResult::Fenced),
        }
    }

    async fn retry(
        &self,
        txn: &Txn,
        class: &'static str,
        message: &str,
        now: DateTime<Utc>,
    ) -> Result<RunResult, DbErr> {
        let write = Write {
            error: Some((class, message.to_owned())),
            attempt: true,
            ..Write::default()
        };
        if self.job.attempts.saturating_add(1) >= self.job.max_attempts {
            return self.give_up(txn, Transition::Fail, &write, now).await;
        }
        let write = Write {
            run_at: Some(self.retry_at),
            ..write
        };
        self.put_back(txn, Transition::Retry, write, RunResult::Retry, now)
            .await
    }

    /// The job goes on later, unless somebody has asked for its end meanwhile.
    async fn put_back(
        &self,
        txn: &Txn,
        transition: Transition,
        write: Write,
        result: RunResult,
        now: DateTime<Utc>,
    ) -> Result<RunResult, DbErr> {
        let write = Write {
            unless_cancelled: true,
            ..write
        };
        let held = Guard::Held(self.run);
        match moves::apply(txn, held, transition, &write, now).await? {
            Some(_) => Ok(result),
            None => self.cancel(txn, now).await,
        }
    }

    async fn cancel(&self, txn: &Txn, now: DateTime<Utc>) -> Result<RunResult, DbErr> {
        let write = Write {
            error: Some((class::CANCELLED, "the job was cancelled".to_owned())),
            ..Write::default()
        };
        self.give_up(txn, Transition::Cancel, &write, now).await
    }

    async fn give_up(
        &self,
        txn: &Txn,
        transition: Transition,
        write: &Write,
        now: DateTime<Utc>,
    ) -> Result<RunResult, DbErr> {
        match moves::apply(txn, Guard::Held(self.run), transition, write, now).await? {
            Some(job) => {
                self.jobs.gave_up_in(txn, &job).await?;
                Ok(match transition {
                    Transition::Cancel => RunResult::Cancelled,
                    _ => RunResult::Dead,
                })
            }
            None => Ok(RunResult::Fenced),
        }
    }
}
