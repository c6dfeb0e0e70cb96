//! Every statement on conversations. Finders take the owner.

use chrono::{DateTime, Utc};
use entities::{
    ChatSessionId, IdempotencyState, MessageId, MessageRole, MessageState, Nanos, StoreId, UserId,
    chat::{chat_session, idempotency_key, message},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, prelude::Json, sea_query::Expr,
};
use uuid::Uuid;

use crate::platform::db::Txn;

pub(super) mod orphans;
mod turns;

pub(super) use turns::{NewTurn, store_turn};

/// How an answer came out.
#[derive(Clone, Debug)]
pub(super) struct FinishedAnswer {
    pub(super) message: MessageId,
    pub(super) content: String,
    pub(super) state: MessageState,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) citations: Json,
    pub(super) prompt_tokens: i64,
    pub(super) completion_tokens: i64,
    pub(super) cost: Nanos,
    pub(super) error_code: Option<&'static str>,
    pub(super) now: DateTime<Utc>,
}

pub(super) async fn finish_answer(txn: &Txn, answer: &FinishedAnswer) -> Result<(), DbErr> {
    message::Entity::update_many()
        .col_expr(
            message::Column::Content,
            Expr::value(answer.content.as_str()),
        )
        .col_expr(message::Column::State, Expr::value(answer.state))
        .col_expr(
            message::Column::Provider,
            Expr::value(answer.provider.as_str()),
        )
        .col_expr(message::Column::Model, Expr::value(answer.model.as_str()))
        .col_expr(
            message::Column::Citations,
            Expr::value(answer.citations.clone()),
        )
        .col_expr(
            message::Column::PromptTokens,
            Expr::value(answer.prompt_tokens),
        )
        .col_expr(
            message::Column::CompletionTokens,
            Expr::value(answer.completion_tokens),
        )
        .col_expr(message::Column::CostNanos, Expr::value(answer.cost))
        .col_expr(message::Column::ErrorCode, Expr::value(answer.error_code))
        .col_expr(message::Column::FinishedAt, Expr::value(answer.now))
        .filter(message::Column::Id.eq(answer.message))
        .exec(txn)
        .await?;
    Ok(())
}

/// Keeps what has been written so far, in case the process dies.
pub(super) async fn checkpoint_answer(
    txn: &Txn,
    id: MessageId,
    content: &str,
) -> Result<(), DbErr> {
    message::Entity::update_many()
        .col_expr(message::Column::Content, Expr::value(content))
        .filter(message::Column::Id.eq(id))
        .filter(message::Column::State.eq(MessageState::Streaming))
        .exec(txn)
        .await?;
    Ok(())
}

/// The last `limit` turns of a conversation about this store that have text, oldest first.
pub(super) async fn recent_turns(
    db: &impl ConnectionTrait,
    user: UserId,
    key: &str,
    store: StoreId,
    limit: u64,
) -> Result<Vec<message::Model>, DbErr> {
    let Some(session) = session_of(db, user, key).await? else {
        return Ok(Vec::new());
    };
    let mut turns = message::Entity::find()
        .filter(message::Column::ChatSessionId.eq(session.id))
        .filter(message::Column::StoreId.eq(store))
        .filter(message::Column::Content.ne(""))
        .filter(message::Column::State.ne(MessageState::Streaming))
        .order_by_desc(message::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    turns.reverse();
    Ok(turns)
}

pub(super) async fn sessions_of(
    db: &impl ConnectionTrait,
    user: UserId,
    store: Option<StoreId>,
    limit: u64,
) -> Result<Vec<chat_session::Model>, DbErr> {
    let mut query = chat_session::Entity::find().filter(chat_session::Column::UserId.eq(user));
    if let Some(store) = store {
        query = query.filter(chat_session::Column::StoreId.eq(store));
    }
    query
        .order_by_desc(chat_session::Column::UpdatedAt)
        .order_by_desc(chat_session::Column::Id)
        .limit(limit)
        .all(db)
        .await
}

pub(super) async fn session_of(
    db: &impl ConnectionTrait,
    user: UserId,
    key: &str,
) -> Result<Option<chat_session::Model>, DbErr> {
    chat_session::Entity::find()
        .filter(chat_session::Column::UserId.eq(user))
        .filter(chat_session::Column::SessionKey.eq(key))
        .one(db)
        .await
}

/// The last `limit` messages of a conversation, oldest first; of those before one, if it is named.
pub(super) async fn messages_of(
    db: &impl ConnectionTrait,
    session: ChatSessionId,
    before: Option<MessageId>,
    limit: u64,
) -> Result<Vec<message::Model>, DbErr> {
    let mut last = message::Entity::find().filter(message::Column::ChatSessionId.eq(session));
    if let Some(before) = before {
        last = last.filter(message::Column::Id.lt(before));
    }
    let mut messages = last
        .order_by_desc(message::Column::Id)
        .limit(limit)
        .all(db)
        .await?;
    messages.reverse();
    Ok(messages)
}

/// Gives a conversation another title. `false`: there is none of that name.
pub(super) async fn rename_session(
    txn: &Txn,
    user: UserId,
    key: &str,
    title: &str,
) -> Result<bool, DbErr> {
    let renamed = chat_session::Entity::update_many()
        .col_expr(chat_session::Column::Title, Expr::value(title))
        .filter(chat_session::Column::UserId.eq(user))
        .filter(chat_session::Column::SessionKey.eq(key))
        .exec(txn)
        .await?;
    Ok(renamed.rows_affected == 1)
}

/// Deletes a conversation with its messages. `false`: there is none of that name.
pub(super) async fn delete_session(txn: &Txn, user: UserId, key: &str) -> Result<bool, DbErr> {
    let deleted = chat_session::Entity::delete_many()
        .filter(chat_session::Column::UserId.eq(user))
        .filter(chat_session::Column::SessionKey.eq(key))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// The answer that a stream of this user wrote.
pub(super) async fn answer_of_stream(
    db: &impl ConnectionTrait,
    user: UserId,
    stream_id: Uuid,
) -> Result<Option<message::Model>, DbErr> {
    message::Entity::find()
        .filter(message::Column::UserId.eq(user))
        .filter(message::Column::StreamId.eq(stream_id))
        .filter(message::Column::Role.eq(MessageRole::Assistant))
        .one(db)
        .await
}

pub(super) async fn answer(
    db: &impl ConnectionTrait,
    user: UserId,
    id: MessageId,
) -> Result<Option<message::Model>, DbErr> {
    message::Entity::find_by_id(id)
        .filter(message::Column::UserId.eq(user))
        .one(db)
        .await
}

/// The session key of a message's conversation.
pub(super) async fn session_key(
    db: &impl ConnectionTrait,
    id: ChatSessionId,
) -> Result<Option<String>, DbErr> {
    Ok(chat_session::Entity::find_by_id(id)
        .one(db)
        .await?
        .map(|session| session.session_key))
}

pub(super) async fn remembered(
    db: &impl ConnectionTrait,
    user: UserId,
    operation: &str,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<idempotency_key::Model>, DbErr> {
    idempotency_key::Entity::find()
        .filter(idempotency_key::Column::UserId.eq(user))
        .filter(idempotency_key::Column::Operation.eq(operation))
        .filter(idempotency_key::Column::Key.eq(key))
        .filter(idempotency_key::Column::ExpiresAt.gt(now))
        .one(db)
        .await
}

/// A key that is used for the first time.
#[derive(Clone, Debug)]
pub(super) struct NewKey {
    pub(super) operation: &'static str,
    pub(super) key: String,
    pub(super) fingerprint: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// Remembers a key. `false`: another request was faster.
pub(super) async fn remember(
    txn: &Txn,
    user: UserId,
    new: &NewKey,
    stream_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    idempotency_key::Entity::delete_many()
        .filter(idempotency_key::Column::UserId.eq(user))
        .filter(idempotency_key::Column::Operation.eq(new.operation))
        .filter(idempotency_key::Column::Key.eq(new.key.as_str()))
        .filter(idempotency_key::Column::ExpiresAt.lte(now))
        .exec(txn)
        .await?;
    let row = idempotency_key::ActiveModel {
        user_id: Set(user),
        operation: Set(new.operation.to_owned()),
        key: Set(new.key.clone()),
        fingerprint: Set(new.fingerprint.clone()),
        state: Set(IdempotencyState::Processing),
        stream_id: Set(Some(stream_id)),
        created_at: Set(now),
        expires_at: Set(new.expires_at),
        ..Default::default()
    };
    let inserted = idempotency_key::Entity::insert(row)
        .on_conflict_do_nothing_on([
            idempotency_key::Column::UserId,
            idempotency_key::Column::Operation,
            idempotency_key::Column::Key,
        ])
        .exec_without_returning(txn)
        .await?;
    Ok(matches!(inserted, sea_orm::TryInsertResult::Inserted(1..)))
}

/// Ties a finished answer to its key, so that a repetition gives it again.
pub(super) async fn finish_key(
    txn: &Txn,
    user: UserId,
    stream_id: Uuid,
    message: MessageId,
) -> Result<(), DbErr> {
    idempotency_key::Entity::update_many()
        .col_expr(
            idempotency_key::Column::State,
            Expr::value(IdempotencyState::Finished),
        )
        .col_expr(idempotency_key::Column::MessageId, Expr::value(message))
        .filter(idempotency_key::Column::UserId.eq(user))
        .filter(idempotency_key::Column::StreamId.eq(stream_id))
        .exec(txn)
        .await?;
    Ok(())
}
