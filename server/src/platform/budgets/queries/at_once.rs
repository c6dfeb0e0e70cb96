//! Reserving and charging in one statement each, for PostgreSQL: every statement there is a round
//! trip, for which all who wait for the same writer wait too. What these find no row for (no room, no
//! period, a house limit, a hold that is over) is left to the statements one by one, which say why.

use chrono::{DateTime, Utc};
use entities::{HoldId, HoldState, LedgerEntryId, Nanos, PeriodId, money::period};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, FromQueryResult, Statement, Value};

use super::count;
use crate::platform::budgets::{Account, AnsweredBy, Charge, HoldRequest, Month};

/// Takes from the period as [`super::periods::reserve`] does, and writes the hold.
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

/// A hold, and where its period stands after it.
#[derive(FromQueryResult)]
pub(in crate::platform::budgets) struct Placed {
    pub(in crate::platform::budgets) id: HoldId,
    pub(in crate::platform::budgets) period_id: PeriodId,
    pub(in crate::platform::budgets) rev: i64,
}

/// How much to reserve, and until when without a sign of life.
#[derive(Clone, Copy)]
pub(in crate::platform::budgets) struct Terms {
    pub(in crate::platform::budgets) month: Month,
    pub(in crate::platform::budgets) amount: Nanos,
    pub(in crate::platform::budgets) margin: Nanos,
    pub(in crate::platform::budgets) lease_until: DateTime<Utc>,
    pub(in crate::platform::budgets) now: DateTime<Utc>,
}

/// Reserves the whole cost of the call in its user's period. `None`: that does not fit, there is no
/// period yet, or the database takes one statement after another.
pub(in crate::platform::budgets) async fn reserve(
    connection: &impl ConnectionTrait,
    request: &HoldRequest,
    terms: Terms,
) -> Result<Option<Placed>, DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(None);
    }
    let state = if request.born_sent {
        HoldState::Sent
    } else {
        HoldState::Open
    };
    let values: [Value; 20] = [
        terms.amount.into(),
        terms.now.into(),
        Account::User(request.user_id).to_string().into(),
        terms.month.to_string().into(),
        terms.margin.into(),
        terms.amount.plus(terms.margin).into(),
        request.user_id.into(),
        state.into(),
        request.kind.as_str().into(),
        request.provider.as_str().into(),
        request.model.as_str().into(),
        count(request.prompt_tokens).into(),
        count(request.max_output_tokens).into(),
        request.prices.input.into(),
        request.prices.output.into(),
        request.job_id.into(),
        request.stream_id.into(),
        request.trace_id.clone().into(),
        request.store_id.into(),
        terms.lease_until.into(),
    ];
    one(connection, RESERVE, values).await
}

/// Closes the hold, writes its entry, and turns what was reserved into what was spent as
/// [`super::periods::settle`] does.
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

/// An entry, and its period after it.
#[derive(FromQueryResult)]
pub(in crate::platform::budgets) struct Charged {
    pub(in crate::platform::budgets) entry_id: LedgerEntryId,
    pub(in crate::platform::budgets) overrun_nanos: Nanos,
    #[sea_orm(nested)]
    pub(in crate::platform::budgets) period: period::Model,
}

/// Charges a call that `by` answered. `None`: the hold is not open, is counted by the house too, or
/// the database takes one statement after another.
pub(in crate::platform::budgets) async fn charge(
    connection: &impl ConnectionTrait,
    id: HoldId,
    charge: &Charge,
    by: &AnsweredBy,
    amount: Nanos,
    now: DateTime<Utc>,
) -> Result<Option<Charged>, DbErr> {
    if connection.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(None);
    }
    let values: [Value; 15] = [
        now.into(),
        id.into(),
        amount.into(),
        by.provider.as_str().into(),
        by.model.as_str().into(),
        count(charge.prompt_tokens).into(),
        count(charge.completion_tokens).into(),
        count(charge.index_tokens).into(),
        by.prices.input.into(),
        by.prices.output.into(),
        charge.estimated.into(),
        charge.document_id.into(),
        charge.project_id.into(),
        charge.tags.clone().into(),
        charge.error_code.clone().into(),
    ];
    one(connection, CHARGE, values).await
}

async fn one<T: FromQueryResult, const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Option<T>, DbErr> {
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values);
    let row = connection.query_one_raw(statement).await?;
    row.map(|row| T::from_query_result(&row, "")).transpose()
}
