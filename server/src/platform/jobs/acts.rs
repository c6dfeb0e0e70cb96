//! What people do to single jobs, each in one transaction with its line in the job's log and, where
//! there is one, its entry in the record.

use entities::{JobId, JobState, UserId, jobs::job};

use super::{
    Cancelling, Jobs,
    queries::{DbErr, reads},
    replay::Replaying,
};
use crate::platform::{
    audit::{Audit, AuditEvent},
    db::{DbError, Txn, WriteKey},
};

/// Who acts, and what the record says of it.
#[derive(Clone)]
pub(crate) struct Act {
    pub(crate) actor: UserId,
    /// Written as the last statement of the transaction, if the act has changed anything; `None`
    /// for what people do to their own jobs.
    pub(crate) record: Option<(Audit, AuditEvent)>,
}

impl Act {
    /// Puts the act on record and answers its number there, with `more` beside what the caller says of it.
    pub(super) async fn record_in(
        &self,
        txn: &Txn,
        more: &[(&str, serde_json::Value)],
    ) -> Result<Option<i64>, DbErr> {
        let Some((audit, event)) = &self.record else {
            return Ok(None);
        };
        let mut event = event.clone();
        if !event.metadata.is_object() {
            event.metadata = serde_json::json!({});
        }
        for (name, value) in more {
            event.metadata[*name] = value.clone();
        }
        audit.record_in(txn, &event).await.map(Some)
    }
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Acted {
    /// Done; the job as it is now.
    Done(job::Model),
    /// The job runs and its handler will be told within a second.
    Requested(job::Model),
    /// The job is in a state in which this cannot be done, or is done already.
    NotPossible { state: JobState, reason: String },
    /// There is no such job.
    Unknown,
}

impl Acted {
    /// Whether anything changed.
    pub(crate) const fn changed(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Requested(_))
    }
}

/// What may be done to one job or to many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobAction {
    /// Stop it.
    Cancel,
    /// Run it now although it waits for a later time or for money.
    RetryNow,
    /// Make a new job of one that failed or was cancelled.
    Replay,
}

impl JobAction {
    /// Every action.
    pub(crate) const ALL: [Self; 3] = [Self::Cancel, Self::RetryNow, Self::Replay];

    /// The word on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::RetryNow => "retry",
            Self::Replay => "replay",
        }
    }

    /// The action with this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// Why it cannot be done to this job; `None`: it can.
    pub(super) fn refusal(self, job: &job::Model) -> Option<&'static str> {
        use JobState::{
            AwaitingBudget, AwaitingInput, Cancelled, Failed, Queued, Running, Succeeded,
        };
        match (self, job.state) {
            (Self::Cancel, Running) if job.cancel_requested_at.is_some() => {
                Some("is being cancelled already")
            }
            (Self::Cancel, Queued | Running | AwaitingBudget | AwaitingInput)
            | (Self::RetryNow, Queued | AwaitingBudget) => None,
            (Self::Cancel, Succeeded | Failed | Cancelled) => Some("is over already"),
            (Self::RetryNow, AwaitingInput) => Some("waits for a person's input"),
            (Self::RetryNow, Running) => Some("is running"),
            (Self::RetryNow, _) => Some("is over; replay it instead"),
            (Self::Replay, Failed | Cancelled) if job.replayed_by.is_some() => {
                Some("was replayed already")
            }
            (Self::Replay, Failed | Cancelled) => None,
            (Self::Replay, _) => Some("has neither failed nor been cancelled"),
        }
    }
}

impl Jobs {
    /// A job.
    pub(crate) async fn one(&self, id: JobId) -> Result<Option<job::Model>, DbError> {
        Ok(reads::find(self.0.db.read(), id).await?)
    }

    /// Stops a job: at once when it waits, through its handler when it runs.
    pub(crate) async fn cancel(&self, id: JobId, act: &Act) -> Result<Acted, DbError> {
        Ok(self.act(JobAction::Cancel, id, act).await?.0)
    }

    /// Lets a job run now that waits for a later time or for money.
    #[cfg(test)]
    pub(crate) async fn retry_now(&self, id: JobId, act: &Act) -> Result<Acted, DbError> {
        Ok(self.act(JobAction::RetryNow, id, act).await?.0)
    }

    /// Makes a new job of one that failed or was cancelled, with its parameters, and links both.
    /// [`Acted::Done`] carries the new job.
    #[cfg(test)]
    pub(crate) async fn replay(&self, id: JobId, act: &Act) -> Result<Acted, DbError> {
        Ok(self.act(JobAction::Replay, id, act).await?.0)
    }

    /// Does it, and answers with the number of its entry in the record.
    pub(crate) async fn act(
        &self,
        action: JobAction,
        id: JobId,
        act: &Act,
    ) -> Result<(Acted, Option<i64>), DbError> {
        let Some(job) = self.one(id).await? else {
            return Ok((Acted::Unknown, None));
        };
        let input = (self.clone(), id, act.clone());
        let write = self
            .0
            .db
            .write(self.key_of(&job), input, move |txn, (jobs, id, act)| {
                Box::pin(async move {
                    let acted = jobs.act_in(txn, action, *id, Some(act.actor)).await?;
                    let entry = if acted.changed() {
                        act.record_in(txn, &[]).await?
                    } else {
                        None
                    };
                    Ok((acted, entry))
                })
            });
        let (acted, entry) = write.await?;
        if acted.changed() {
            tracing::info!(event = "job_act", action = action.as_str(), job_id = %id, user_id = act.actor.0);
        }
        Ok((acted, entry))
    }

    /// Does it in the caller's transaction; nothing changes unless it can be done.
    pub(super) async fn act_in(
        &self,
        txn: &Txn,
        action: JobAction,
        id: JobId,
        actor: Option<UserId>,
    ) -> Result<Acted, DbErr> {
        let Some(job) = reads::find(txn, id).await? else {
            return Ok(Acted::Unknown);
        };
        if let Some(reason) = action.refusal(&job) {
            let reason = format!("The job {reason}.");
            return Ok(Acted::NotPossible {
                state: job.state,
                reason,
            });
        }
        match action {
            JobAction::Cancel => match self.cancel_by_in(txn, id, actor).await? {
                Cancelling::Cancelled => acted(txn, id, Acted::Done).await,
                Cancelling::Requested => acted(txn, id, Acted::Requested).await,
                Cancelling::AlreadyOver => changed_meanwhile(txn, id).await,
                Cancelling::Unknown => Ok(Acted::Unknown),
            },
            JobAction::RetryNow => {
                if self.requeue_by_in(txn, id, actor).await? {
                    acted(txn, id, Acted::Done).await
                } else {
                    changed_meanwhile(txn, id).await
                }
            }
            JobAction::Replay => match self.replay_in(txn, &job, actor).await? {
                Replaying::Replayed(new) => acted(txn, new, Acted::Done).await,
                Replaying::Refused(reason) => Ok(Acted::NotPossible {
                    state: job.state,
                    reason,
                }),
            },
        }
    }

    /// The row that the end of this job contends for.
    pub(super) fn key_of(&self, job: &job::Model) -> WriteKey {
        let handler = self.0.registry.get(&job.kind);
        handler.map_or(WriteKey::Free, |handler| handler.write_key(job.user_id))
    }
}

async fn acted(
    txn: &Txn,
    id: JobId,
    how: impl FnOnce(job::Model) -> Acted,
) -> Result<Acted, DbErr> {
    Ok(reads::find(txn, id).await?.map_or(Acted::Unknown, how))
}

async fn changed_meanwhile(txn: &Txn, id: JobId) -> Result<Acted, DbErr> {
    acted(txn, id, |job| Acted::NotPossible {
        state: job.state,
        reason: format!("The job is {} meanwhile.", job.state.as_str()),
    })
    .await
}
