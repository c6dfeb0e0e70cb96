//! The first transaction of a question: the hold, the idempotency key and both messages.

use chrono::{DateTime, Utc};
use entities::{MessageId, StoreId, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use super::{Chat, queries};
use crate::platform::{
    budgets::{BudgetRefusal, HoldRequest, Reserved},
    db::Txn,
};

/// What the first transaction of a question writes.
pub(super) struct StoreTurn {
    pub(super) chat: Chat,
    pub(super) hold: HoldRequest,
    pub(super) user: UserId,
    pub(super) store: StoreId,
    pub(super) session_key: String,
    pub(super) title: String,
    pub(super) question: String,
    pub(super) stream_id: Uuid,
    pub(super) key: Option<queries::NewKey>,
    pub(super) now: DateTime<Utc>,
}

pub(super) enum Stored {
    Turn(Reserved, MessageId),
    NoBudget(BudgetRefusal),
    KeyTaken,
}

impl StoreTurn {
    pub(super) async fn write(&self, txn: &Txn) -> Result<Stored, DbErr> {
        let reserved = match self.chat.0.budgets.hold_in(txn, &self.hold).await? {
            Ok(reserved) => reserved,
            Err(refusal) => return Ok(Stored::NoBudget(refusal)),
        };
        if let Some(key) = &self.key
            && !queries::remember(txn, self.user, key, self.stream_id, self.now).await?
        {
            // The other request pays.
            let _ = self.chat.0.budgets.release_in(txn, reserved.id).await?;
            return Ok(Stored::KeyTaken);
        }
        let turn = queries::NewTurn {
            user: self.user,
            session_key: &self.session_key,
            title: &self.title,
            store: self.store,
            question: &self.question,
            stream_id: self.stream_id,
            hold: reserved.id,
            now: self.now,
        };
        let message = queries::store_turn(txn, turn).await?;
        Ok(Stored::Turn(reserved, message))
    }
}
