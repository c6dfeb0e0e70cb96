//! `Idempotency-Key`: what was asked for twice is done once, and answered the same.
//!
//! A key belongs to a user and to what was asked under it; it is remembered for a day. An act that is
//! one transaction keeps its answer in it ([`once_in`]): the key is taken if, and only if, the act was
//! done. One that is several takes its key before ([`begin_in`]) and keeps its answer after them
//! ([`keep_in`]).

mod queries;
mod retention;

pub(crate) use retention::retention;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{UserId, governance::act_answer};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::db::{DbErr, DbError, Readers, Txn};

/// The header.
pub(crate) const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 255;
/// How long a key is remembered.
pub(crate) const KEPT: TimeDelta = TimeDelta::hours(24);

/// Why a key does not lead to an act, nor to an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyRefusal {
    #[error("Idempotency-Key must have 1 to {LONGEST} printable ASCII characters")]
    Invalid,
    #[error("A request with this Idempotency-Key is still under way")]
    StillProcessing,
    #[error("This Idempotency-Key was used with another request body")]
    Reused,
    #[error(
        "What this Idempotency-Key led to has been deleted; ask again with another key, or without one"
    )]
    AnswerDeleted,
    #[error("a kept answer could not be read or written")]
    Answer(#[from] serde_json::Error),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<DbErr> for KeyRefusal {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

/// A key as it came, with what identifies the request that it came with.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey {
    pub(crate) key: String,
    /// SHA-256 of the operation and of what was asked, hexadecimal.
    pub(crate) fingerprint: String,
}

impl IdempotencyKey {
    /// Reads the header. `operation` names the act and its object; `asked` is equal for equal
    /// requests.
    pub(crate) fn parse(
        header: &str,
        operation: &str,
        asked: &impl Serialize,
    ) -> Result<Self, KeyRefusal> {
        let key = header.trim().trim_matches('"');
        let printable = key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if key.is_empty() || key.len() > LONGEST || !printable {
            return Err(KeyRefusal::Invalid);
        }
        let digest = Sha256::new()
            .chain_update(operation.as_bytes())
            .chain_update([0])
            .chain_update(serde_json::to_vec(asked)?)
            .finalize();
        Ok(Self {
            key: key.to_owned(),
            fingerprint: hex::encode(digest),
        })
    }
}

/// A key that a user wants to act under now.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) user: UserId,
    pub(crate) key: IdempotencyKey,
    pub(crate) now: DateTime<Utc>,
}

impl Claim {
    /// The answer in the row of an earlier request with this key.
    pub(crate) fn answer_of<T: DeserializeOwned>(
        &self,
        row: &act_answer::Model,
    ) -> Result<T, KeyRefusal> {
        if row.fingerprint != self.key.fingerprint {
            return Err(KeyRefusal::Reused);
        }
        let text = row.outcome.as_ref().ok_or(KeyRefusal::StillProcessing)?;
        Ok(serde_json::from_str(text)?)
    }
}

/// What was answered before under this key; `None`: the key is new, or there is none.
pub(crate) async fn earlier<T: DeserializeOwned>(
    db: &Readers,
    claim: Option<&Claim>,
) -> Result<Option<T>, KeyRefusal> {
    let Some(claim) = claim else { return Ok(None) };
    match queries::find(db, claim).await? {
        Some(row) => claim.answer_of(&row).map(Some),
        None => Ok(None),
    }
}

/// What became of an act under a key.
pub(crate) enum Once<T> {
    Done(T),
    /// Another request with this key was faster: see [`earlier`].
    Taken,
}

/// Does an act and keeps its answer in the same transaction; a refusal leaves the key free.
pub(crate) async fn once_in<T, E, A: Serialize>(
    txn: &Txn,
    claim: Option<&Claim>,
    act: impl Future<Output = Result<Result<T, E>, DbErr>>,
    answer: impl FnOnce(&T) -> A,
) -> Result<Once<Result<T, E>>, DbErr> {
    let Some(claim) = claim else {
        return Ok(Once::Done(act.await?));
    };
    if !queries::take(txn, claim).await? {
        return Ok(Once::Taken);
    }
    let done = act.await?;
    match &done {
        Ok(value) => keep_in(txn, claim, &answer(value), None).await?,
        Err(_) => queries::give_back(txn, claim).await?,
    }
    Ok(Once::Done(done))
}

/// Keeps the answer of an act that this transaction has done, under a key that is new: its user is.
pub(crate) async fn remember_in(
    txn: &Txn,
    claim: &Claim,
    answer: &impl Serialize,
) -> Result<(), DbErr> {
    queries::take(txn, claim).await?;
    keep_in(txn, claim, answer, None).await
}

/// Takes a key for an act of several transactions; answers the row of an earlier request that holds
/// it.
pub(crate) async fn begin_in(txn: &Txn, claim: &Claim) -> Result<Option<act_answer::Model>, DbErr> {
    if queries::take(txn, claim).await? {
        return Ok(None);
    }
    queries::find(txn, claim).await
}

/// Keeps what an act answered, and its entry on record.
pub(crate) async fn keep_in(
    txn: &Txn,
    claim: &Claim,
    answer: &impl Serialize,
    audit_id: Option<i64>,
) -> Result<(), DbErr> {
    let text = serde_json::to_string(answer).map_err(|error| DbErr::Custom(error.to_string()))?;
    queries::keep(txn, claim, &text, audit_id).await
}

/// Gives the key of an act back that was refused.
pub(crate) async fn give_back_in(txn: &Txn, claim: &Claim) -> Result<(), DbErr> {
    queries::give_back(txn, claim).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_a_shape_and_belongs_to_what_was_asked() {
        for wrong in ["", "  ", "\"\"", "caf\u{e9}", &"k".repeat(256)] {
            let refused = IdempotencyKey::parse(wrong, "act", &1);
            assert!(matches!(refused, Err(KeyRefusal::Invalid)), "{wrong:?}");
        }
        let key = |operation: &str, asked: i32| {
            IdempotencyKey::parse(" \"k-1\" ", operation, &asked).expect("a key")
        };
        assert_eq!(key("act", 1).key, "k-1");
        assert_eq!(key("act", 1).fingerprint, key("act", 1).fingerprint);
        assert_ne!(key("act", 1).fingerprint, key("act", 2).fingerprint);
        assert_ne!(key("act", 1).fingerprint, key("other", 1).fingerprint);
    }
}
