//! What a person says to a job that waits for it.

use entities::{JobId, JobState, UserId, jobs::job};
use serde::de::DeserializeOwned;

use super::{
    Act, Jobs,
    queries::{
        DbErr,
        moves::{self, Guard, Write},
        reads,
    },
    state::Transition,
};
use crate::platform::db::{DbError, Txn};

/// Bytes of JSON that an input may have: ids and choices, no content.
const INPUT_BYTES: usize = 16 * 1024;

/// Why a job does not take an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InputRefusal {
    /// There is no such job.
    #[error("There is no such job.")]
    Unknown,
    /// The job does not wait for an input.
    #[error("The job is {}; it does not wait for input.", .0.as_str())]
    NotAwaiting(JobState),
    /// It is not what the kind asks for.
    #[error("{0}")]
    Invalid(String),
}

/// Reads an input as a kind's own type: what [`super::JobHandler::check_input`] of kinds that take
/// one calls.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "kinds of later features ask for it")
)]
pub(crate) fn input_as<T: DeserializeOwned>(input: &serde_json::Value) -> Result<T, String> {
    T::deserialize(input).map_err(|error| format!("The input does not fit: {error}."))
}

impl Jobs {
    /// Gives a waiting job what it asks for; it continues at once.
    pub(crate) async fn give_input(
        &self,
        id: JobId,
        input: serde_json::Value,
        act: &Act,
    ) -> Result<Result<job::Model, InputRefusal>, DbError> {
        let Some(job) = self.one(id).await? else {
            return Ok(Err(InputRefusal::Unknown));
        };
        if let Err(refusal) = self.judge_input(&job, &input) {
            return Ok(Err(refusal));
        }
        let key = self.key_of(&job);
        let given = (self.clone(), id, input, act.clone());
        let write = self.0.db.write(key, given, |txn, (jobs, id, input, act)| {
            Box::pin(async move {
                let taken = jobs.take_input_in(txn, *id, input, act.actor).await?;
                if taken.is_ok() {
                    act.record_in(txn, &[]).await?;
                }
                Ok(taken)
            })
        });
        write.await
    }

    fn judge_input(&self, job: &job::Model, input: &serde_json::Value) -> Result<(), InputRefusal> {
        if job.state != JobState::AwaitingInput {
            return Err(InputRefusal::NotAwaiting(job.state));
        }
        if input.to_string().len() > INPUT_BYTES {
            let message = format!("The input may have {INPUT_BYTES} bytes of JSON.");
            return Err(InputRefusal::Invalid(message));
        }
        match self.0.registry.get(&job.kind) {
            Some(handler) => handler.check_input(input).map_err(InputRefusal::Invalid),
            None => Err(InputRefusal::Invalid(format!(
                "This program knows no job kind `{}`.",
                job.kind
            ))),
        }
    }

    async fn take_input_in(
        &self,
        txn: &Txn,
        id: JobId,
        input: &serde_json::Value,
        actor: UserId,
    ) -> Result<Result<job::Model, InputRefusal>, DbErr> {
        let now = self.0.clock.now();
        let write = Write {
            run_at: Some(now),
            input: Some(input.clone()),
            actor: Some(actor),
            ..Write::default()
        };
        let waiting = Guard::Waiting(id);
        if let Some(job) = moves::apply(txn, waiting, Transition::TakeInput, &write, now).await? {
            return Ok(Ok(job));
        }
        let found = reads::find(txn, id).await?;
        Ok(Err(found.map_or(InputRefusal::Unknown, |job| {
            InputRefusal::NotAwaiting(job.state)
        })))
    }
}
