//! Making a new job of one that ended badly.

use entities::{HoldId, JobId, JobState, UserId, jobs::job};

use super::{
    Jobs,
    queries::{DbErr, enqueue, replays},
};
use crate::platform::db::Txn;

/// What a kind says to the replay of one of its jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReplayConsent {
    /// Go on; with the money reserved for it, if the kind reserves before it runs.
    Granted {
        /// The new job's hold.
        hold_id: Option<HoldId>,
    },
    /// Its subject no longer wants it; for people.
    Refused(String),
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replaying {
    Replayed(JobId),
    Refused(String),
}

impl Jobs {
    /// Adds a job with the parameters of `old`, links both ways and takes `old` off the dead
    /// letters. Of two that replay the same job one is refused.
    pub(super) async fn replay_in(
        &self,
        txn: &Txn,
        old: &job::Model,
        actor: Option<UserId>,
    ) -> Result<Replaying, DbErr> {
        let Some(handler) = self.0.registry.get(&old.kind) else {
            let reason = format!("This program knows no job kind `{}`.", old.kind);
            return Ok(Replaying::Refused(reason));
        };
        if let Some(key) = &old.duplicate_key
            && let Some(other) = enqueue::by_duplicate_key(txn, &old.kind, key).await?
        {
            let reason = format!("Job {other} does the same and is not over.");
            return Ok(Replaying::Refused(reason));
        }
        if !replays::lock(txn, old.id).await? {
            let reason = "The job was replayed already.".to_owned();
            return Ok(Replaying::Refused(reason));
        }
        let now = self.0.clock.now();
        let mut new = again(self.new_id(), old, handler.policy().max_attempts);
        (new.created_at, new.updated_at) = (now, now);
        // What was cancelled before its time does not run before it either.
        new.run_at = old.run_at.max(now);
        match handler.replay_in(txn, &new).await? {
            ReplayConsent::Granted { hold_id } => new.hold_id = hold_id,
            ReplayConsent::Refused(reason) => return Ok(Replaying::Refused(reason)),
        }
        replays::link(txn, old.id, new.id, actor, now).await?;
        if enqueue::insert(txn, &new, actor, now).await? {
            return Ok(Replaying::Replayed(new.id));
        }
        // Whoever took the key at this very moment has committed first: what was written here must
        // not stay.
        Err(DbErr::Custom(format!(
            "the keys of the replay of job {} are taken",
            old.id
        )))
    }
}

/// The new job before it is added.
fn again(id: JobId, old: &job::Model, max_attempts: i32) -> job::Model {
    job::Model {
        id,
        state: JobState::Queued,
        claim: 0,
        attempts: 0,
        max_attempts,
        rescues: 0,
        lease_until: None,
        process_id: None,
        stage: None,
        progress: 0.0,
        checkpoint: None,
        input_prompt: None,
        input: None,
        hold_id: None,
        // The key made one job, and that was `old`.
        idempotency_key: None,
        replay_of: Some(old.id),
        replayed_by: None,
        error_class: None,
        error_message: None,
        cancel_requested_at: None,
        started_at: None,
        leased_at: None,
        finished_at: None,
        rev: 0,
        ..old.clone()
    }
}
