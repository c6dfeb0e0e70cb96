//! Conversations as their owner sees them.

use entities::{
    MessageId, MessageRole, StoreId, UserId,
    chat::{chat_session, message},
};

use api::chat::{ChatMessage, ChatSession, Citation};

use super::{
    Chat,
    error::{self, ChatError},
    queries,
};
use crate::platform::db::WriteKey;

const TITLE_MAX: usize = 100;

impl Chat {
    /// A user's conversations, the latest first.
    pub(super) async fn sessions(
        &self,
        user: UserId,
        store: Option<StoreId>,
        limit: u64,
    ) -> Result<Vec<ChatSession>, ChatError> {
        let rows = queries::sessions_of(self.0.db.read(), user, store, limit)
            .await
            .map_err(error::db)?;
        Ok(rows.into_iter().map(session).collect())
    }

    /// The last messages of a conversation, oldest first; of those before one, if it is named.
    pub(super) async fn messages(
        &self,
        user: UserId,
        key: &str,
        before: Option<MessageId>,
        limit: u64,
    ) -> Result<Vec<ChatMessage>, ChatError> {
        let session = self.session(user, key).await?;
        let rows = queries::messages_of(self.0.db.read(), session.id, before, limit)
            .await
            .map_err(error::db)?;
        Ok(rows.into_iter().map(message).collect())
    }

    async fn session(&self, user: UserId, key: &str) -> Result<chat_session::Model, ChatError> {
        queries::session_of(self.0.db.read(), user, key)
            .await
            .map_err(error::db)?
            .ok_or(ChatError::SessionNotFound)
    }

    /// Gives a conversation another title.
    pub(super) async fn rename(
        &self,
        user: UserId,
        key: &str,
        title: &str,
    ) -> Result<ChatSession, ChatError> {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() || title.chars().count() > TITLE_MAX || title.contains('\0') {
            return Err(ChatError::InvalidTitle(
                "Must have 1 to 100 characters, none of them a NUL",
            ));
        }
        let input = (user, key.to_owned(), title);
        let renamed = self
            .0
            .db
            .write(WriteKey::User(user), input, |txn, (user, key, title)| {
                Box::pin(queries::rename_session(txn, *user, key, title))
            })
            .await?;
        if !renamed {
            return Err(ChatError::SessionNotFound);
        }
        self.session(user, key).await.map(session)
    }

    /// Deletes a conversation and its messages for good.
    pub(super) async fn delete(&self, user: UserId, key: &str) -> Result<(), ChatError> {
        let deleted = self
            .0
            .db
            .write(
                WriteKey::User(user),
                (user, key.to_owned()),
                |txn, (user, key)| Box::pin(queries::delete_session(txn, *user, key)),
            )
            .await?;
        if deleted {
            Ok(())
        } else {
            Err(ChatError::SessionNotFound)
        }
    }
}

fn session(row: chat_session::Model) -> ChatSession {
    ChatSession {
        id: row.session_key,
        store_id: row.store_id.map(|id| id.0),
        title: row.title,
        updated_at: row.updated_at,
    }
}

/// The citations that a message keeps.
pub(super) fn citations(row: &message::Model) -> Vec<Citation> {
    row.citations
        .clone()
        .and_then(|stored| serde_json::from_value(stored).ok())
        .unwrap_or_default()
}

fn message(row: message::Model) -> ChatMessage {
    let citations = citations(&row);
    ChatMessage {
        id: row.id.0,
        role: row.role.as_str().to_owned(),
        content: row.content,
        created_at: row.created_at,
        state: row.state.as_str().to_owned(),
        model: row.model.filter(|_| row.role == MessageRole::Assistant),
        citations,
        cost_usd: row.cost_nanos.as_usd(),
    }
}
