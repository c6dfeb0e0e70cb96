//! `Idempotency-Key`: an act that was asked for twice is done once, and answers the same.
//!
//! What is kept of an answer is ids and numbers; what is shown once (links, passwords) is made anew.
//! An act goes on when its client leaves, so that the second request finds it done. When its process
//! dies, the second request is told that nobody knows, and the act is not repeated.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{UserId, governance::act_answer};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{AdminError, Administration, acting, queries};
use crate::platform::{
    db::{DbError, WriteKey},
    http::{Admin, Call, Problem},
};

const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 255;
/// How long an answer is remembered.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// No act takes so long: one that has not told its outcome by then never will.
const LONGEST_ACT: TimeDelta = TimeDelta::minutes(2);

/// A key as it came, with what identifies the request that it came with.
struct Claim {
    actor: UserId,
    key: String,
    fingerprint: String,
}

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

fn read(
    call: &Call<Admin>,
    operation: &str,
    body: &impl Serialize,
) -> Result<Option<Claim>, Problem> {
    let Some(header) = call.header(HEADER) else {
        return Ok(None);
    };
    let key = header.trim().trim_matches('"');
    let printable = key
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if key.is_empty() || key.len() > LONGEST || !printable {
        return Err(AdminError::InvalidKey.into());
    }
    let body = serde_json::to_vec(body).map_err(Problem::internal)?;
    let digest = Sha256::new()
        .chain_update(operation.as_bytes())
        .chain_update([0])
        .chain_update(&body)
        .finalize();
    Ok(Some(Claim {
        actor: UserId(call.principal().user_id),
        key: key.to_owned(),
        fingerprint: hex::encode(digest),
    }))
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
        let key = read(call, operation, body)?;
        let administration = self.clone();
        // The key is taken on the same task: a client that leaves in between must not leave it taken
        // with nothing done.
        let act = async move {
            if let Some(key) = &key
                && let Some(row) = administration.begin(key).await?
            {
                administration
                    .0
                    .telemetry
                    .admin_acts
                    .increment(["repeated"]);
                return repeated(row, key, administration.0.clock.now());
            }
            fail::fail_point!("act-begun");
            let done = act.await;
            fail::fail_point!("act-done");
            let result = if done.is_ok() { "done" } else { "refused" };
            administration.0.telemetry.admin_acts.increment([result]);
            if let Some(key) = &key {
                administration.finish(key, &done).await;
            }
            done
        };
        let done = self.0.tasks.carry_through("admin-act", act).await;
        let done = done.ok_or_else(|| Problem::unavailable("The server is stopping"))??;
        acting::recorded(call, done.audit_id);
        Ok(done)
    }

    /// Takes a key. The row of an earlier request, when there is one.
    async fn begin(&self, key: &Claim) -> Result<Option<act_answer::Model>, Problem> {
        let now = self.0.clock.now();
        let row = act_answer::Model {
            id: 0,
            actor_user_id: key.actor,
            key: key.key.clone(),
            fingerprint: key.fingerprint.clone(),
            outcome: None,
            audit_id: None,
            created_at: now,
            expires_at: now + KEPT,
        };
        let begun = self
            .0
            .db
            .write(WriteKey::Free, row, |txn, row| {
                Box::pin(queries::begin_act(txn, row))
            })
            .await;
        match begun {
            // Another process took it in the same moment.
            Err(DbError::Duplicate(_)) => Err(AdminError::StillProcessing.into()),
            begun => Ok(begun?),
        }
    }

    /// Remembers an answer; a refusal leaves the key free.
    async fn finish<T: Serialize>(&self, key: &Claim, done: &Result<Done<T>, Problem>) {
        let outcome = match done {
            Ok(done) => match serde_json::to_string(&done.answer) {
                Ok(text) => Some((text, done.audit_id)),
                Err(error) => {
                    tracing::error!(event = "act_answer_lost", %error);
                    return;
                }
            },
            Err(_) => None,
        };
        let input = (key.actor, key.key.clone(), outcome);
        let finished = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (actor, key, outcome)| {
                Box::pin(queries::finish_act(txn, *actor, key, outcome.as_ref()))
            })
            .await;
        if let Err(error) = finished {
            tracing::error!(event = "act_answer_lost", %error);
        }
    }
}

fn repeated<T: DeserializeOwned>(
    row: act_answer::Model,
    key: &Claim,
    now: DateTime<Utc>,
) -> Result<Done<T>, Problem> {
    if row.fingerprint != key.fingerprint {
        return Err(AdminError::KeyReused.into());
    }
    let text = row.outcome.ok_or(if now - row.created_at > LONGEST_ACT {
        AdminError::OutcomeUnknown
    } else {
        AdminError::StillProcessing
    })?;
    Ok(Done {
        answer: serde_json::from_str(&text).map_err(Problem::internal)?,
        audit_id: row.audit_id,
        again: true,
    })
}
