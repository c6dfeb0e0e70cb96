//! The statements by which conversations go.

use chrono::{DateTime, Utc};
use entities::{
    MessageState, UserId,
    chat::{chat_session, idempotency_key, message},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::platform::db::Txn;

/// Deletes up to `limit` old messages; when there are none, up to `limit` old empty conversations.
/// An answer that is still being written stays.
pub(super) async fn expire(txn: &Txn, before: DateTime<Utc>, limit: u64) -> Result<u64, DbErr> {
    let old = message::Entity::find()
        .filter(message::Column::CreatedAt.lt(before))
        .filter(message::Column::State.ne(MessageState::Streaming))
        // In the order of the index by age, so that no walk passes what is kept.
        .order_by_asc(message::Column::CreatedAt);
    let deleted = delete_messages(txn, old, limit).await?;
    if deleted > 0 {
        return Ok(deleted);
    }
    let spoken = Query::select()
        .expr(Expr::value(1))
        .from(message::Entity)
        .and_where(
            Expr::col((message::Entity, message::Column::ChatSessionId))
                .equals((chat_session::Entity, chat_session::Column::Id)),
        )
        .to_owned();
    let empty = chat_session::Entity::find()
        .filter(chat_session::Column::UpdatedAt.lt(before))
        .filter(Expr::exists(spoken).not());
    // Looked at again when a question has just been asked in it: the condition is also the
    // statement's own, which PostgreSQL checks on the newest version of the row.
    let ids = empty
        .select_only()
        .column(chat_session::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = chat_session::Entity::delete_many()
        .filter(chat_session::Column::Id.in_subquery(ids))
        .filter(chat_session::Column::UpdatedAt.lt(before))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}

pub(super) async fn expire_keys(
    txn: &Txn,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<u64, DbErr> {
    let old = idempotency_key::Entity::find().filter(idempotency_key::Column::ExpiresAt.lt(before));
    delete_keys(txn, old, limit).await
}

/// Deletes up to `limit` messages of a user, then conversations, then idempotency keys.
pub(super) async fn erase(txn: &Txn, user: UserId, limit: u64) -> Result<u64, DbErr> {
    let own = chat_session::Entity::find()
        .select_only()
        .column(chat_session::Column::Id)
        .filter(chat_session::Column::UserId.eq(user))
        .into_query();
    let messages = message::Entity::find().filter(message::Column::ChatSessionId.in_subquery(own));
    let deleted = delete_messages(txn, messages, limit).await?;
    if deleted > 0 {
        return Ok(deleted);
    }
    let sessions = chat_session::Entity::find()
        .filter(chat_session::Column::UserId.eq(user))
        .select_only()
        .column(chat_session::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = chat_session::Entity::delete_many()
        .filter(chat_session::Column::Id.in_subquery(sessions))
        .exec(txn)
        .await?
        .rows_affected;
    if deleted > 0 {
        return Ok(deleted);
    }
    let keys = idempotency_key::Entity::find().filter(idempotency_key::Column::UserId.eq(user));
    delete_keys(txn, keys, limit).await
}

pub(super) async fn remaining(db: &impl ConnectionTrait, user: UserId) -> Result<u64, DbErr> {
    let messages = message::Entity::find()
        .filter(message::Column::UserId.eq(user))
        .count(db)
        .await?;
    let sessions = chat_session::Entity::find()
        .filter(chat_session::Column::UserId.eq(user))
        .count(db)
        .await?;
    let keys = idempotency_key::Entity::find()
        .filter(idempotency_key::Column::UserId.eq(user))
        .count(db)
        .await?;
    Ok(messages + sessions + keys)
}

async fn delete_messages(
    txn: &Txn,
    which: Select<message::Entity>,
    limit: u64,
) -> Result<u64, DbErr> {
    let ids = which
        .select_only()
        .column(message::Column::Id)
        .order_by_asc(message::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = message::Entity::delete_many()
        .filter(message::Column::Id.in_subquery(ids))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}

async fn delete_keys(
    txn: &Txn,
    which: Select<idempotency_key::Entity>,
    limit: u64,
) -> Result<u64, DbErr> {
    let ids = which
        .select_only()
        .column(idempotency_key::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = idempotency_key::Entity::delete_many()
        .filter(idempotency_key::Column::Id.in_subquery(ids))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}
