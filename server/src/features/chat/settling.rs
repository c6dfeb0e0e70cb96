//! The end of an answer: the charge and what was written, in one transaction, again and again while
//! the database cannot write.

use std::{sync::Arc, time::Duration};

use entities::Nanos;
use serde_json::Value;
use tokio::time::Instant;

use super::{
    answer::{AnswerTask, Verdict, Written},
    frames::StreamError,
    queries::FinishedAnswer,
    settlement::{Settled, Settlement},
};
use crate::platform::{
    ai::Usage,
    budgets::{Charge, Hold},
    db::DbError,
};

/// The pause between two attempts.
const AGAIN: Duration = Duration::from_millis(200);

/// The answer was not stored: the lease of its hold runs out and it is charged by estimate.
pub(super) struct SettleFailed;

impl AnswerTask {
    /// Charges the call and stores the answer. While the database does not answer, again, for as
    /// long as the hold would last without its owner; what had been committed is not paid twice.
    pub(super) async fn settle(
        &self,
        hold: Hold,
        written: &Written,
        verdict: &Verdict,
        citations: Value,
    ) -> Result<(), SettleFailed> {
        let settlement = Arc::new(self.settlement(&hold, written, verdict, citations));
        let until = Instant::now() + self.chat.0.budgets.lease();
        loop {
            match self.write_settlement(&hold, &settlement).await {
                Ok(settled) => {
                    self.settled(hold, settled);
                    return Ok(());
                }
                Err(DbError::Unavailable(_) | DbError::Full(_)) if Instant::now() < until => {
                    tracing::warn!(event = "answer_waits_for_database", stream_id = %self.stream_id);
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => {
                    tracing::error!(event = "answer_not_settled", stream_id = %self.stream_id, %error);
                    return Err(SettleFailed);
                }
            }
        }
    }

    fn settlement(
        &self,
        hold: &Hold,
        written: &Written,
        verdict: &Verdict,
        citations: Value,
    ) -> Settlement {
        let model = written.answered_by.as_ref().unwrap_or(&self.request.model);
        let usage = written.usage.unwrap_or(Usage {
            prompt_tokens: 0,
            completion_tokens: 0,
            estimated: true,
        });
        let charge = Charge {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            estimated: usage.estimated,
            error_code: verdict.error.map(|error| error.code().to_owned()),
            answered_by: written
                .answered_by
                .as_ref()
                .map(|model| self.chat.answered_by(model)),
            project_id: self.project_id,
            tags: self.tags.clone(),
            ..Charge::default()
        };
        let answer = FinishedAnswer {
            message: self.message,
            content: written.text.clone(),
            state: verdict.state,
            provider: model.provider.as_str().to_owned(),
            model: model.name.clone(),
            citations,
            prompt_tokens: i64::try_from(usage.prompt_tokens).unwrap_or(i64::MAX),
            completion_tokens: i64::try_from(usage.completion_tokens).unwrap_or(i64::MAX),
            cost: Nanos::ZERO,
            error_code: verdict.error.map(StreamError::code),
            now: self.chat.0.clock.now(),
        };
        let billed = written.usage.is_some() || written.answered_by.is_some();
        Settlement {
            chat: self.chat.clone(),
            hold: hold.id(),
            charge: billed.then_some(charge),
            key_of: self.keyed.then_some((hold.terms().user_id, self.stream_id)),
            answer,
        }
    }

    async fn write_settlement(
        &self,
        hold: &Hold,
        settlement: &Arc<Settlement>,
    ) -> Result<Settled, DbError> {
        let chat = &self.chat.0;
        let key = chat.budgets.key(hold.terms().user_id);
        chat.db
            .write(key, Arc::clone(settlement), |txn, settlement| {
                Box::pin(settlement.write(txn))
            })
            .await
    }

    fn settled(&self, hold: Hold, settled: Settled) {
        let budgets = &self.chat.0.budgets;
        let closed = match settled {
            Settled::Charged(receipt) => budgets.settled(hold, receipt).err(),
            Settled::Released(outcome) => budgets.released(hold, outcome).err(),
        };
        if let Some(closed) = closed {
            tracing::warn!(event = "answer_settled_before", stream_id = %self.stream_id, %closed);
        }
    }
}
