//! How long conversations are kept, and how a user's go.

mod export;
mod queries;

use async_trait::async_trait;
use entities::UserId;

use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Part, Place, RetentionError, Rows},
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
        .expired_by(Rows {
            db: db.clone(),
            class: Class::Chat,
            places: &[MESSAGES, SESSIONS],
            tables: vec![queries::old_messages(), queries::empty_conversations()],
        })
        .expired_by(Rows {
            db: db.clone(),
            class: Class::StreamReplay,
            places: &[KEYS],
            tables: vec![queries::old_keys()],
        })
        .erased_by(Conversations(db.clone()))
        .exported_by(export::conversations(db))
        .exported_by(export::messages(db))
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
