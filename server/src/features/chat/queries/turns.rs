//! A question and the answer that is about to be written, with their conversation.

use chrono::{DateTime, Utc};
use entities::{
    ChatSessionId, HoldId, MessageId, MessageRole, MessageState, Nanos, StoreId, UserId,
    chat::{chat_session, message},
};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Statement, Value,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::platform::db::Txn;

/// What a question stores.
#[derive(Clone, Copy, Debug)]
pub(in crate::features::chat) struct NewTurn<'a> {
    pub(in crate::features::chat) user: UserId,
    pub(in crate::features::chat) session_key: &'a str,
    /// Of the conversation, if it begins now.
    pub(in crate::features::chat) title: &'a str,
    pub(in crate::features::chat) store: StoreId,
    pub(in crate::features::chat) question: &'a str,
    pub(in crate::features::chat) stream_id: Uuid,
    pub(in crate::features::chat) hold: HoldId,
    pub(in crate::features::chat) now: DateTime<Utc>,
}

/// Stores both messages, in a conversation that may begin with them; answers the id of the one that
/// will hold the answer.
pub(in crate::features::chat) async fn store_turn(
    txn: &Txn,
    turn: NewTurn<'_>,
) -> Result<MessageId, DbErr> {
    let ids = if txn.get_database_backend() == DatabaseBackend::Postgres {
        insert_at_once(txn, turn).await?
    } else {
        let session = touch_session(txn, turn).await?;
        insert_messages(txn, turn, session).await?
    };
    // The later row has the higher id.
    ids.into_iter().max().ok_or(DbErr::RecordNotInserted)
}

/// On PostgreSQL every statement is a round trip, for which all who wait for the same writer wait too.
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

async fn insert_at_once(txn: &Txn, turn: NewTurn<'_>) -> Result<Vec<MessageId>, DbErr> {
    let values: [Value; 8] = [
        turn.user.into(),
        turn.session_key.into(),
        turn.store.into(),
        turn.title.into(),
        turn.now.into(),
        turn.stream_id.into(),
        turn.question.into(),
        turn.hold.into(),
    ];
    let statement = Statement::from_sql_and_values(DatabaseBackend::Postgres, TURN, values);
    let rows = txn.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get("", "id")).collect()
}

/// Finds or begins a conversation, and marks it as used now.
async fn touch_session(txn: &Txn, turn: NewTurn<'_>) -> Result<ChatSessionId, DbErr> {
    let row = chat_session::ActiveModel {
        user_id: Set(turn.user),
        session_key: Set(turn.session_key.to_owned()),
        store_id: Set(Some(turn.store)),
        title: Set(turn.title.to_owned()),
        created_at: Set(turn.now),
        updated_at: Set(turn.now),
        ..Default::default()
    };
    let touched = chat_session::Entity::insert(row)
        .on_conflict(
            OnConflict::columns([
                chat_session::Column::UserId,
                chat_session::Column::SessionKey,
            ])
            .update_column(chat_session::Column::UpdatedAt)
            .to_owned(),
        )
        .exec_with_returning(txn)
        .await?;
    Ok(touched.id)
}

async fn insert_messages(
    txn: &Txn,
    turn: NewTurn<'_>,
    session: ChatSessionId,
) -> Result<Vec<MessageId>, DbErr> {
    let base = message::ActiveModel {
        chat_session_id: Set(session),
        user_id: Set(turn.user),
        store_id: Set(Some(turn.store)),
        created_at: Set(turn.now),
        prompt_tokens: Set(0),
        completion_tokens: Set(0),
        cost_nanos: Set(Nanos::ZERO),
        stream_id: Set(Some(turn.stream_id)),
        ..Default::default()
    };
    let question = message::ActiveModel {
        role: Set(MessageRole::User),
        content: Set(turn.question.to_owned()),
        state: Set(MessageState::Complete),
        hold_id: Set(None),
        ..base.clone()
    };
    let answer = message::ActiveModel {
        role: Set(MessageRole::Assistant),
        content: Set(String::new()),
        state: Set(MessageState::Streaming),
        hold_id: Set(Some(turn.hold)),
        ..base
    };
    message::Entity::insert_many([question, answer])
        .exec_with_returning_keys(txn)
        .await
}
