//! The statements by which conversations go.

use entities::{
    UserId,
    chat::{chat_session, idempotency_key, message},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};

use crate::platform::{db::Txn, retention::Expiring};

/// Old messages. An answer that is still being written stays.
pub(super) fn old_messages() -> Expiring {
    Expiring::of("messages", "created_at < $1 AND state <> 'streaming'")
        .held_back("created_at < $1 AND state = 'streaming'")
        .at("created_at")
        .user("user_id")
        .texts(&["content", "CAST(citations AS TEXT)"])
}

/// Old conversations that old messages leave empty.
pub(super) fn empty_conversations() -> Expiring {
    let kept = "SELECT 1 FROM messages WHERE messages.chat_session_id = chat_sessions.id";
    Expiring::of(
        "chat_sessions",
        format!(
            "updated_at < $1 AND NOT EXISTS \
             ({kept} AND NOT (messages.created_at < $1 AND messages.state <> 'streaming'))"
        ),
    )
    .once("NOT EXISTS (SELECT 1 FROM messages WHERE messages.chat_session_id = chat_sessions.id)")
    .at("updated_at")
    .user("user_id")
    .texts(&["session_key", "title"])
}

/// Idempotency keys that ceased to count.
pub(super) fn old_keys() -> Expiring {
    Expiring::of("idempotency_keys", "expires_at < $1")
        .at("expires_at")
        .user("user_id")
        .texts(&["key", "fingerprint", "CAST(response AS TEXT)"])
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
