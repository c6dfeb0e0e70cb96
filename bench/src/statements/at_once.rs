//! As the server writes them on PostgreSQL: what belongs together in one statement.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use uuid::Uuid;

use super::{Begun, HELD_NANOS, MONTH, QUESTION, SPENT_NANOS, row};

const RESERVE: &str = "\
WITH granted AS (
  UPDATE periods SET reserved_nanos = reserved_nanos + $1, rev = rev + 1, updated_at = $2
  WHERE account = $3 AND month = $4 AND (limit_nanos IS NULL
    OR (limit_nanos - spent_nanos - reserved_nanos > $5
      AND limit_nanos - spent_nanos - reserved_nanos >= $6))
  RETURNING id, rev)
INSERT INTO holds (period_id, user_id, amount_nanos, state, kind, provider, model, prompt_tokens,
  output_tokens_max, output_tokens_seen, input_price, output_price, job_id, stream_id, trace_id,
  store_id, lease_until, created_at)
SELECT id, $7, $1, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, $18, $19, $20, $2
FROM granted
RETURNING id, period_id, (SELECT rev FROM granted) AS rev";
const TURN: &str = "\
WITH session AS (
  INSERT INTO chat_sessions (user_id, session_key, store_id, title, created_at, updated_at)
  VALUES ($1, $2, $3, $4, $5, $5)
  ON CONFLICT (user_id, session_key) DO UPDATE SET updated_at = excluded.updated_at
  RETURNING id)
INSERT INTO messages (chat_session_id, user_id, store_id, role, content, state, stream_id, hold_id,
  prompt_tokens, completion_tokens, cost_nanos, created_at)
SELECT session.id, $1, $3, turn.role, turn.content, turn.state, $6, turn.hold_id, 0, 0, 0, $5
FROM session CROSS JOIN (VALUES
  (1, 'user', $7, 'complete', NULL),
  (2, 'assistant', '', 'streaming', $8)) AS turn (place, role, content, state, hold_id)
ORDER BY turn.place
RETURNING id";
const CHARGE: &str = "\
WITH closed AS (
  UPDATE holds SET state = 'settled', resolved_at = $1
  WHERE id = $2 AND state IN ('open', 'sent') AND house_period_id IS NULL
  RETURNING *),
paid AS (
  UPDATE periods SET spent_nanos = periods.spent_nanos + $3, rev = periods.rev + 1, updated_at = $1,
    reserved_nanos = CASE WHEN periods.reserved_nanos >= closed.amount_nanos
      THEN periods.reserved_nanos - closed.amount_nanos ELSE 0 END
  FROM closed WHERE periods.id = closed.period_id
  RETURNING periods.*),
entry AS (
  INSERT INTO ledger (period_id, user_id, hold_id, kind, provider, model, prompt_tokens,
    completion_tokens, index_tokens, unit, input_price, output_price, amount_nanos, estimated,
    overrun_nanos, store_id, document_id, job_id, stream_id, trace_id, project_id, tags, error_code,
    created_at)
  SELECT period_id, user_id, id, kind, $4, $5, $6, $7, $8, 'token', $9, $10, $3, $11,
    GREATEST($3 - amount_nanos, 0), store_id, $12, job_id, stream_id, trace_id, $13, $14, $15, $1
  FROM closed
  RETURNING id AS entry_id, overrun_nanos)
SELECT paid.*, entry.entry_id, entry.overrun_nanos FROM paid CROSS JOIN entry";
const INPUT_PRICE: i64 = 300_000_000;
const OUTPUT_PRICE: i64 = 2_500_000_000;

/// Answers the ids of the period and the hold.
pub(super) async fn reserve(
    db: &impl ConnectionTrait,
    user: i64,
    stream: Uuid,
    at: DateTime<Utc>,
) -> Result<(i64, i64), DbErr> {
    let values: Vec<Value> = vec![
        HELD_NANOS.into(),
        at.into(),
        format!("user:{user}").into(),
        MONTH.into(),
        0_i64.into(),
        HELD_NANOS.into(),
        user.into(),
        "sent".into(),
        "chat".into(),
        "openai".into(),
        "gpt-4o-mini".into(),
        60_i64.into(),
        2_048_i64.into(),
        INPUT_PRICE.into(),
        OUTPUT_PRICE.into(),
        None::<Uuid>.into(),
        stream.into(),
        None::<String>.into(),
        1_i64.into(),
        (at + TimeDelta::minutes(2)).into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), RESERVE, values);
    let placed = db
        .query_one_raw(statement)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("a period with money left".to_owned()))?;
    Ok((placed.try_get("", "period_id")?, placed.try_get("", "id")?))
}

/// Answers the id of the message that will hold the answer.
pub(super) async fn store_turn(
    db: &impl ConnectionTrait,
    user: i64,
    stream: Uuid,
    hold: i64,
    at: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let values: Vec<Value> = vec![
        user.into(),
        Uuid::now_v7().to_string().into(),
        1_i64.into(),
        QUESTION.into(),
        at.into(),
        stream.into(),
        QUESTION.into(),
        hold.into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), TURN, values);
    let mut last = 0;
    for row in db.query_all_raw(statement).await? {
        last = last.max(row.try_get("", "id")?);
    }
    Ok(last)
}

/// Closes the hold, writes the ledger, settles the period.
pub(super) async fn charge(
    db: &impl ConnectionTrait,
    begun: Begun,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let values: Vec<Value> = vec![
        at.into(),
        begun.hold.into(),
        SPENT_NANOS.into(),
        "openai".into(),
        "gpt-4o-mini".into(),
        40_i64.into(),
        20_i64.into(),
        0_i64.into(),
        INPUT_PRICE.into(),
        OUTPUT_PRICE.into(),
        false.into(),
        None::<i64>.into(),
        None::<i64>.into(),
        None::<serde_json::Value>.into(),
        None::<String>.into(),
    ];
    row(db, CHARGE, values).await.map(|_| ())
}
