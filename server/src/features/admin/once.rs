//! `Idempotency-Key`: an act that was asked for twice is done once, and answers the same.
//!
//! What is kept of an answer is ids and numbers; what is shown once (links, passwords) is made anew.
//! An act goes on when its client leaves, so that the second request finds it done.

use entities::{UserId, governance::act_answer};
use serde::{Serialize, de::DeserializeOwned};

use super::{Administration, acting};
use crate::platform::{
    db::WriteKey,
    http::{Admin, Call, Problem},
    idempotency::{self, Claim},
};

/// What an act answers, and its number on record.
pub(super) struct Done<T> {
    pub(super) answer: T,
    pub(super) audit_id: Option<i64>,
    /// Whether the answer is that of an earlier request.
    pub(super) again: bool,
}

impl<T> Done<T> {
    pub(super) fn new(answer: T, audit_id: Option<i64>) -> Self {
        Self {
            answer,
            audit_id,
            again: false,
        }
    }
}

impl Administration {
    /// Does an act, or answers what it answered before under the same key. `operation` names the
    /// act and its object.
    pub(super) async fn once<T, F>(
        &self,
        call: &Call<Admin>,
        operation: &str,
        body: &impl Serialize,
        act: F,
    ) -> Result<Done<T>, Problem>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: Future<Output = Result<Done<T>, Problem>> + Send + 'static,
    {
        let claim = call.idempotency_key(operation, body)?.map(|key| Claim {
            user: UserId(call.principal().user_id),
            key,
            now: self.0.clock.now(),
        });
        let administration = self.clone();
        // The key is taken on the same task: a client that leaves in between must not leave it taken
        // with nothing done.
        let act = async move {
            if let Some(claim) = &claim
                && let Some(row) = administration.begin(claim).await?
            {
                administration
                    .0
                    .telemetry
                    .admin_acts
                    .increment(["repeated"]);
                return repeated(&row, claim);
            }
            let done = act.await;
            let result = if done.is_ok() { "done" } else { "refused" };
            administration.0.telemetry.admin_acts.increment([result]);
            if let Some(claim) = &claim {
                administration.finish(claim, &done).await;
            }
            done
        };
        let done = self.0.tasks.carry_through("admin-act", act).await;
        let done = done.ok_or_else(|| Problem::unavailable("The server is stopping"))??;
        acting::recorded(call, done.audit_id);
        Ok(done)
    }

    /// Takes a key. The row of an earlier request, when there is one.
    async fn begin(&self, claim: &Claim) -> Result<Option<act_answer::Model>, Problem> {
        let begun = self
            .0
            .db
            .write(WriteKey::Free, claim.clone(), |txn, claim| {
                Box::pin(idempotency::begin_in(txn, claim))
            })
            .await?;
        Ok(begun)
    }

    /// Remembers an answer; a refusal leaves the key free.
    async fn finish<T: Serialize>(&self, claim: &Claim, done: &Result<Done<T>, Problem>) {
        let outcome = match done {
            Ok(done) => match serde_json::to_value(&done.answer) {
                Ok(answer) => Some((answer, done.audit_id)),
                Err(error) => {
                    tracing::error!(event = "act_answer_lost", %error);
                    return;
                }
            },
            Err(_) => None,
        };
        let input = (claim.clone(), outcome);
        let finished = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (claim, outcome)| {
                Box::pin(async move {
                    match outcome {
                        Some((answer, audit_id)) => {
                            idempotency::keep_in(txn, claim, answer, *audit_id).await
                        }
                        None => idempotency::give_back_in(txn, claim).await,
                    }
                })
            })
            .await;
        if let Err(error) = finished {
            tracing::error!(event = "act_answer_lost", %error);
        }
    }
}

fn repeated<T: DeserializeOwned>(
    row: &act_answer::Model,
    claim: &Claim,
) -> Result<Done<T>, Problem> {
    Ok(Done {
        answer: claim.answer_of(row)?,
        audit_id: row.audit_id,
        again: true,
    })
}
