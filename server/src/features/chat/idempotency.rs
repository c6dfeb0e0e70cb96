//! A repeated question gives the stored answer again, without a charge.

use entities::{IdempotencyState, UserId, chat::message};

use super::{
    Chat,
    error::ChatError,
    queries::{self, NewKey},
};
use crate::platform::idempotency::{IdempotencyKey, KEPT, KeyRefusal};

/// The operation that a key belongs to; keys of other operations do not meet it.
pub(super) const OPERATION: &str = "chat";

impl Chat {
    /// The stored answer of a finished request with this key. `None`: the key is new.
    pub(super) async fn remembered_answer(
        &self,
        user: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<message::Model>, ChatError> {
        let (read, now) = (self.0.db.read(), self.0.clock.now());
        let found = queries::remembered(read, user, OPERATION, &key.key, now).await;
        let Some(row) = found.map_err(KeyRefusal::from)? else {
            return Ok(None);
        };
        if row.fingerprint != key.fingerprint {
            return Err(KeyRefusal::Reused.into());
        }
        if row.state == IdempotencyState::Processing {
            return Err(KeyRefusal::StillProcessing.into());
        }
        let answer = match row.message_id {
            Some(id) => queries::answer(read, user, id).await,
            None => Ok(None),
        };
        let answer = answer.map_err(KeyRefusal::from)?;
        answer
            .map(Some)
            .ok_or_else(|| KeyRefusal::AnswerDeleted.into())
    }

    pub(super) fn new_key(&self, key: IdempotencyKey) -> NewKey {
        NewKey {
            operation: OPERATION,
            key: key.key,
            fingerprint: key.fingerprint,
            expires_at: self.0.clock.now() + KEPT,
        }
    }
}
