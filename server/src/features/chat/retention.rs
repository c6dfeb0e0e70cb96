//! How long conversations are kept, and how a user's go.

mod queries;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;

use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Expirer, Part, Place, RetentionError},
};

const SESSIONS: Place = Place::Table("chat_sessions");
const MESSAGES: Place = Place::Table("messages");
const KEYS: Place = Place::Table("idempotency_keys");

/// What chat registers.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holds(SESSIONS, Class::Chat)
        .holds(MESSAGES, Class::Chat)
        .holds(KEYS, Class::StreamReplay)
        .expired_by(OldConversations(db.clone()))
        .expired_by(OldKeys(db.clone()))
        .erased_by(Conversations(db.clone()))
}

/// Messages older than the period, and then the conversations that they leave empty.
struct OldConversations(Db);

#[async_trait]
impl Expirer for OldConversations {
    fn class(&self) -> Class {
        Class::Chat
    }

    fn places(&self) -> &'static [Place] {
        &[MESSAGES, SESSIONS]
    }

    async fn expire_batch(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, RetentionError> {
        let expired = self
            .0
            .write_alone(WriteKey::Free, (before, limit), |txn, (before, limit)| {
                Box::pin(queries::expire(txn, *before, *limit))
            })
            .await?;
        Ok(expired)
    }
}

/// Idempotency keys that ceased to count the period ago.
struct OldKeys(Db);

#[async_trait]
impl Expirer for OldKeys {
    fn class(&self) -> Class {
        Class::StreamReplay
    }

    fn places(&self) -> &'static [Place] {
        &[KEYS]
    }

    async fn expire_batch(&self, before: DateTime<Utc>, limit: u64) -> Result<u64, RetentionError> {
        let expired = self
            .0
            .write_alone(WriteKey::Free, (before, limit), |txn, (before, limit)| {
                Box::pin(queries::expire_keys(txn, *before, *limit))
            })
            .await?;
        Ok(expired)
    }
}

struct Conversations(Db);

#[async_trait]
impl Eraser for Conversations {
    fn places(&self) -> &'static [Place] {
        &[MESSAGES, SESSIONS, KEYS]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let erased = self
            .0
            .write_alone(WriteKey::User(user), (user, limit), |txn, (user, limit)| {
                Box::pin(queries::erase(txn, *user, *limit))
            })
            .await?;
        Ok(erased)
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        Ok(queries::remaining(self.0.read(), user).await?)
    }
}
