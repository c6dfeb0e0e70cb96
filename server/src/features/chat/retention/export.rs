//! A user's conversations, as the user is given them.

use async_trait::async_trait;
use entities::{
    UserId,
    chat::{chat_session, message},
};
use serde_json::{Value, json};

use super::queries;
use crate::platform::{
    db::Db,
    retention::{Cursor, Exporter, Page, RetentionError},
};

pub(super) struct Conversations(pub(super) Db);

#[async_trait]
impl Exporter for Conversations {
    fn file(&self) -> &'static str {
        "chat/conversations.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let found = queries::conversations_of(self.0.read(), user, number(after), limit).await?;
        Ok(Page::of(
            &found,
            limit,
            |row| row.id.to_string(),
            conversation,
        ))
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

pub(super) struct Messages(pub(super) Db);

#[async_trait]
impl Exporter for Messages {
    fn file(&self) -> &'static str {
        "chat/messages.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let found = queries::messages_of(self.0.read(), user, number(after), limit).await?;
        Ok(Page::of(&found, limit, |row| row.id.to_string(), turn))
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

/// The key after which a page begins.
fn number(after: Option<Cursor>) -> i64 {
    after.and_then(|key| key.parse().ok()).unwrap_or(0)
}
