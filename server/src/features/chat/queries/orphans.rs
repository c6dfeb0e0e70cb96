//! Answers that nobody writes any more.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, Statement};

use crate::platform::db::Txn;

/// The error code of an answer whose process died.
pub(in super::super) const INTERRUPTED: &str = "interrupted";

/// What was charged for an answer stands in the entry of its hold, which is the only one.
const CUT: &str = "UPDATE messages SET state = 'cut', error_code = $2, finished_at = $1, \
     cost_nanos = COALESCE((SELECT amount_nanos FROM ledger WHERE ledger.hold_id = messages.hold_id), 0), \
     prompt_tokens = COALESCE((SELECT ledger.prompt_tokens FROM ledger \
     WHERE ledger.hold_id = messages.hold_id), 0), \
     completion_tokens = COALESCE((SELECT ledger.completion_tokens FROM ledger \
     WHERE ledger.hold_id = messages.hold_id), 0) \
     WHERE state = 'streaming' AND EXISTS (SELECT 1 FROM holds WHERE holds.id = messages.hold_id \
     AND holds.state NOT IN ('open', 'sent'))";

/// The answer's row may be gone: the conversation was deleted.
const FREE: &str = "UPDATE idempotency_keys SET state = 'finished', message_id = \
     (SELECT messages.id FROM messages WHERE messages.stream_id = idempotency_keys.stream_id \
     AND messages.role = 'assistant') \
     WHERE state = 'processing' AND stream_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM messages \
     WHERE messages.stream_id = idempotency_keys.stream_id AND messages.state = 'streaming')";

/// Ends the answers whose process died (still `streaming`, though their hold is resolved) and the
/// idempotency keys that wait for an answer which nobody writes. Answers how many answers.
pub(in super::super) async fn cut(txn: &Txn, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let backend = txn.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, CUT, [now.into(), INTERRUPTED.into()]);
    let cut = txn.execute_raw(statement).await?.rows_affected();
    txn.execute_raw(Statement::from_string(backend, FREE))
        .await?;
    Ok(cut)
}
