//! `Idempotency-Key`: a repeated question gives the stored answer again, without a charge.

use chrono::Duration;
use entities::{IdempotencyState, UserId, chat::message};
use sha2::{Digest, Sha256};

use super::{
    Chat,
    error::{self, ChatError},
    queries::{self, NewKey},
};

/// The operation that a key belongs to; keys of other operations do not meet it.
const OPERATION: &str = "chat";
const KEY_MAX: usize = 255;
/// How long a key is remembered.
const KEPT_HOURS: i64 = 24;

/// A key as it came, with what identifies the body that it came with.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) key: String,
    pub(super) fingerprint: String,
}

impl Key {
    /// Reads the header; `body` is what the request asks, in a form that is equal for equal
    /// requests.
    pub(super) fn parse(header: &str, body: &str) -> Result<Self, ChatError> {
        let key = header.trim().trim_matches('"');
        let printable = key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if key.is_empty() || key.len() > KEY_MAX || !printable {
            return Err(ChatError::InvalidIdempotencyKey);
        }
        Ok(Self {
            key: key.to_owned(),
            fingerprint: hex::encode(Sha256::digest(body.as_bytes())),
        })
    }
}

impl Chat {
    /// The stored answer of a finished request with this key. `None`: the key is new.
    pub(super) async fn remembered_answer(
        &self,
        user: UserId,
        key: &Key,
    ) -> Result<Option<message::Model>, ChatError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        let Some(row) = queries::remembered(read, user, OPERATION, &key.key, now)
            .await
            .map_err(error::db)?
        else {
            return Ok(None);
        };
        if row.fingerprint != key.fingerprint {
            return Err(ChatError::KeyReused);
        }
        match (row.state, row.message_id) {
            (IdempotencyState::Finished, Some(id)) => {
                queries::answer(read, user, id).await.map_err(error::db)
            }
            _ => Err(ChatError::StillProcessing),
        }
    }

    pub(super) fn new_key(&self, key: Key) -> NewKey {
        NewKey {
            operation: OPERATION,
            key: key.key,
            fingerprint: key.fingerprint,
            expires_at: self.0.clock.now() + Duration::hours(KEPT_HOURS),
        }
    }
}
