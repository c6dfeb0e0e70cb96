//! What the end of an answer writes, and what is kept of it on the way: each in one transaction.

use entities::{HoldId, MessageId, Nanos, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use super::{Chat, queries, queries::FinishedAnswer};
use crate::platform::{
    budgets::{Charge, Receipt, ResolveError},
    db::Txn,
};

/// A checkpoint of a running answer.
pub(super) struct Kept {
    pub(super) chat: Chat,
    pub(super) hold: HoldId,
    pub(super) output_tokens: u64,
    pub(super) message: MessageId,
    pub(super) text: String,
}

impl Kept {
    pub(super) async fn write(&self, txn: &Txn) -> Result<(), DbErr> {
        // A hold that is over belongs to an answer that is about to end.
        let _ = self
            .chat
            .0
            .budgets
            .keep_in(txn, self.hold, self.output_tokens)
            .await?;
        queries::checkpoint_answer(txn, self.message, &self.text).await
    }
}

/// The last transaction of an answer.
pub(super) struct Settlement {
    pub(super) chat: Chat,
    pub(super) hold: HoldId,
    /// `None`: no provider answered, so that the money goes back.
    pub(super) charge: Option<Charge>,
    /// Who asked under an idempotency key, and the stream that it remembers.
    pub(super) key_of: Option<(UserId, Uuid)>,
    pub(super) answer: FinishedAnswer,
}

pub(super) enum Settled {
    Charged(Result<Receipt, ResolveError>),
    Released(Result<(), ResolveError>),
}

impl Settlement {
    pub(super) async fn write(&self, txn: &Txn) -> Result<Settled, DbErr> {
        let budgets = &self.chat.0.budgets;
        let mut answer = self.answer.clone();
        let settled = match &self.charge {
            Some(charge) => Settled::Charged(budgets.settle_in(txn, self.hold, charge).await?),
            None => Settled::Released(budgets.release_in(txn, self.hold).await?),
        };
        answer.cost = match &settled {
            Settled::Charged(Ok(receipt)) => receipt.amount,
            Settled::Released(Ok(())) => Nanos::ZERO,
            // It was over before: expired, or settled by a commit whose answer was lost.
            Settled::Charged(Err(_)) | Settled::Released(Err(_)) => {
                budgets.charged_in(txn, self.hold).await?
            }
        };
        fail::fail_point!("chat-in-settlement");
        queries::finish_answer(txn, &answer).await?;
        if let Some((user, stream_id)) = self.key_of {
            queries::finish_key(txn, user, stream_id, answer.message).await?;
        }
        Ok(settled)
    }
}
