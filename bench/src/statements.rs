//! The statements of one chat, as the server writes them. SQLite: four when it begins, four when it
//! ends; PostgreSQL: two and two.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement, Value};
use uuid::Uuid;

mod at_once;

/// What the server's hold for a short question comes to.
const HELD_NANOS: i64 = 5_200_000;
const SPENT_NANOS: i64 = 60_000;
const MONTH: &str = "2026-01";
const QUESTION: &str = "How often is the oil changed?";
/// As long as the upstream's answer.
const ANSWER_WORDS: usize = 20;

/// A chat that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    period: i64,
    hold: i64,
    message: i64,
    user: i64,
    stream: Uuid,
}

fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

async fn row(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<i64, DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.query_one_raw(statement)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get("", "id")
}

async fn change(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<(), DbErr> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    db.execute_raw(statement).await.map(|_| ())
}

/// Makes users 1 to `count`, each with a period.
pub(crate) async fn seed(db: &impl ConnectionTrait, count: i64) -> Result<(), DbErr> {
    for user in 1..=count {
        let at = now();
        change(
            db,
            "INSERT INTO users (id, public_id, email, password_hash, role, status, created_at, \
             updated_at) VALUES ($1, $2, $3, '', 'user', 'active', $4, $4)",
            vec![
                user.into(),
                Uuid::now_v7().into(),
                format!("bench-{user}@example.org").into(),
                at.into(),
            ],
        )
        .await?;
        change(
            db,
            "INSERT INTO periods (account, user_id, month, limit_nanos, updated_at) \
             VALUES ($1, $2, $3, $4, $5)",
            vec![
                format!("user:{user}").into(),
                user.into(),
                MONTH.into(),
                100_000_000_000_000_i64.into(),
                at.into(),
            ],
        )
        .await?;
    }
    Ok(())
}

/// Reserves the money, opens the conversation, stores both messages.
pub(crate) async fn begin(db: &impl ConnectionTrait, user: i64) -> Result<Begun, DbErr> {
    let (at, stream) = (now(), Uuid::now_v7());
    let at_once = db.get_database_backend() == DatabaseBackend::Postgres;
    let (period, hold) = if at_once {
        at_once::reserve(db, user, stream, at).await?
    } else {
        reserve(db, user, stream, at).await?
    };
    let message = if at_once {
        at_once::store_turn(db, user, stream, hold, at).await?
    } else {
        store_turn(db, user, stream, hold, at).await?
    };
    Ok(Begun {
        period,
        hold,
        message,
        user,
        stream,
    })
}

/// Answers the ids of the period and the hold.
async fn reserve(
    db: &impl ConnectionTrait,
    user: i64,
    stream: Uuid,
    at: DateTime<Utc>,
) -> Result<(i64, i64), DbErr> {
    let period = row(
        db,
        "UPDATE periods SET reserved_nanos = reserved_nanos + $1, rev = rev + 1, updated_at = $2 \
         WHERE account = $3 AND month = $4 AND (limit_nanos IS NULL OR \
         (limit_nanos - spent_nanos - reserved_nanos > 0 \
         AND limit_nanos - spent_nanos - reserved_nanos >= $1)) RETURNING *",
        vec![
            HELD_NANOS.into(),
            at.into(),
            format!("user:{user}").into(),
            MONTH.into(),
        ],
    )
    .await?;
    let hold = row(
        db,
        "INSERT INTO holds (period_id, user_id, amount_nanos, state, kind, provider, model, \
         prompt_tokens, output_tokens_max, output_tokens_seen, input_price, output_price, \
         stream_id, store_id, lease_until, created_at) VALUES ($1, $2, $3, 'sent', 'chat', \
         'openai', 'gpt-4o-mini', 60, 2048, 0, 300000000, 2500000000, $4, 1, $5, $6) RETURNING *",
        vec![
            period.into(),
            user.into(),
            HELD_NANOS.into(),
            stream.into(),
            (at + TimeDelta::minutes(2)).into(),
            at.into(),
        ],
    )
    .await?;
    Ok((period, hold))
}

/// Answers the id of the message that will hold the answer.
async fn store_turn(
    db: &impl ConnectionTrait,
    user: i64,
    stream: Uuid,
    hold: i64,
    at: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let session = row(
        db,
        "INSERT INTO chat_sessions (user_id, session_key, store_id, title, created_at, updated_at) \
         VALUES ($1, $2, 1, $3, $4, $4) ON CONFLICT (user_id, session_key) \
         DO UPDATE SET updated_at = excluded.updated_at RETURNING *",
        vec![
            user.into(),
            Uuid::now_v7().to_string().into(),
            QUESTION.into(),
            at.into(),
        ],
    )
    .await?;
    let values = vec![
        session.into(),
        user.into(),
        QUESTION.into(),
        stream.into(),
        hold.into(),
        at.into(),
    ];
    let statement = Statement::from_sql_and_values(
        db.get_database_backend(),
        "INSERT INTO messages (chat_session_id, user_id, store_id, role, content, state, \
         stream_id, hold_id, prompt_tokens, completion_tokens, cost_nanos, created_at) VALUES \
         ($1, $2, 1, 'user', $3, 'complete', $4, NULL, 0, 0, 0, $6), \
         ($1, $2, 1, 'assistant', '', 'streaming', $4, $5, 0, 0, 0, $6) RETURNING id",
        values,
    );
    let mut last = 0;
    for row in db.query_all_raw(statement).await? {
        last = last.max(row.try_get("", "id")?);
    }
    Ok(last)
}

/// Closes the hold, writes the ledger, settles the period, stores the answer.
pub(crate) async fn end(db: &impl ConnectionTrait, begun: Begun) -> Result<(), DbErr> {
    let at = now();
    if db.get_database_backend() == DatabaseBackend::Postgres {
        at_once::charge(db, begun, at).await?;
    } else {
        charge(db, begun, at).await?;
    }
    change(
        db,
        "UPDATE messages SET content = $1, state = 'complete', provider = 'openai', \
         model = 'gpt-4o-mini', citations = $2, prompt_tokens = 40, completion_tokens = 20, \
         cost_nanos = $3, error_code = NULL, finished_at = $4 WHERE id = $5",
        vec![
            " word of the answer".repeat(ANSWER_WORDS).into(),
            serde_json::json!([]).into(),
            SPENT_NANOS.into(),
            at.into(),
            begun.message.into(),
        ],
    )
    .await
}

/// Closes the hold, writes the ledger, settles the period.
async fn charge(db: &impl ConnectionTrait, begun: Begun, at: DateTime<Utc>) -> Result<(), DbErr> {
    row(
        db,
        "UPDATE holds SET state = 'settled', resolved_at = $1 \
         WHERE id = $2 AND state IN ('open', 'sent') RETURNING *",
        vec![at.into(), begun.hold.into()],
    )
    .await?;
    row(
        db,
        "INSERT INTO ledger (period_id, user_id, hold_id, kind, provider, model, prompt_tokens, \
         completion_tokens, index_tokens, unit, input_price, output_price, amount_nanos, \
         estimated, overrun_nanos, store_id, stream_id, created_at) VALUES ($1, $2, $3, 'chat', \
         'openai', 'gpt-4o-mini', 40, 20, 0, 'token', 300000000, 2500000000, $4, $5, 0, 1, $6, \
         $7) RETURNING id",
        vec![
            begun.period.into(),
            begun.user.into(),
            begun.hold.into(),
            SPENT_NANOS.into(),
            false.into(),
            begun.stream.into(),
            at.into(),
        ],
    )
    .await?;
    row(
        db,
        "UPDATE periods SET reserved_nanos = CASE WHEN reserved_nanos >= $1 \
         THEN reserved_nanos - $1 ELSE 0 END, spent_nanos = spent_nanos + $2, rev = rev + 1, \
         updated_at = $3 WHERE id = $4 RETURNING *",
        vec![
            HELD_NANOS.into(),
            SPENT_NANOS.into(),
            at.into(),
            begun.period.into(),
        ],
    )
    .await
    .map(|_| ())
}
