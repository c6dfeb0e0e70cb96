//! A user's conversations, as the user is given them.

use entities::chat::{chat_session, message};
use serde_json::{Value, json};

use crate::platform::{
    db::Db,
    retention::{RowsOf, no_original},
};

pub(super) fn conversations(db: &Db) -> RowsOf<chat_session::Entity> {
    RowsOf {
        db: db.clone(),
        file: "chat/conversations.json",
        owner: chat_session::Column::UserId,
        key: chat_session::Column::Id,
        shown: conversation,
        original: no_original,
    }
}

fn conversation(row: &chat_session::Model) -> Value {
    json!({
        "id": row.id,
        "session_id": row.session_key,
        "store_id": row.store_id,
        "title": row.title,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    })
}

pub(super) fn messages(db: &Db) -> RowsOf<message::Entity> {
    RowsOf {
        db: db.clone(),
        file: "chat/messages.json",
        owner: message::Column::UserId,
        key: message::Column::Id,
        shown: turn,
        original: no_original,
    }
}

fn turn(row: &message::Model) -> Value {
    json!({
        "id": row.id,
        "conversation_id": row.chat_session_id,
        "store_id": row.store_id,
        "role": row.role,
        "content": row.content,
        "state": row.state,
        "provider": row.provider,
        "model": row.model,
        "citations": row.citations,
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "cost_nanos": row.cost_nanos,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
    })
}
