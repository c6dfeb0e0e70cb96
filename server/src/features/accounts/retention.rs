//! How long sign-ins are kept, and what is left of an erased account: a tombstone without address,
//! password or notes, so that the numbers in the books still mean one and the same unknown person.

mod queries;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use entities::UserId;

use super::{AccountsError, queries as accounts};
use crate::platform::{
    clock::Clock,
    db::{Db, WriteKey},
    retention::{Class, Eraser, Expirer, Part, Place, RetentionError},
};

const USERS: Place = Place::Table("users");
const SESSIONS: Place = Place::Table("sessions");
const REFRESH_TOKENS: Place = Place::Table("refresh_tokens");
const REVOCATIONS: Place = Place::Table("revocations");
const ONE_TIME_TOKENS: Place = Place::Table("one_time_tokens");
const NOTES_HISTORY: Place = Place::Table("notes_history");

/// What accounts registers. Its eraser comes first: who has no account any more writes nothing new.
pub(crate) fn retention(db: &Db, clock: Arc<dyn Clock>) -> Part {
    Part::default()
        .holds(USERS, Class::Accounts)
        .holds(SESSIONS, Class::Sessions)
        .holds(REFRESH_TOKENS, Class::Sessions)
        .holds(REVOCATIONS, Class::Sessions)
        .holds(ONE_TIME_TOKENS, Class::Sessions)
        .holds(NOTES_HISTORY, Class::Sessions)
        .expired_by(SignIns(db.clone()))
        .erased_by(Account {
            db: db.clone(),
            clock,
        })
}

/// Sign-ins that ended, tokens that ran out, and notes that were replaced, before an instant.
struct SignIns(Db);

#[async_trait]
impl Expirer for SignIns {
    fn class(&self) -> Class {
        Class::Sessions
    }

    fn places(&self) -> &'static [Place] {
        &[
            SESSIONS,
            REFRESH_TOKENS,
            REVOCATIONS,
            ONE_TIME_TOKENS,
            NOTES_HISTORY,
        ]
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

struct Account {
    db: Db,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Eraser for Account {
    fn places(&self) -> &'static [Place] {
        &[
            USERS,
            SESSIONS,
            REFRESH_TOKENS,
            REVOCATIONS,
            ONE_TIME_TOKENS,
            NOTES_HISTORY,
        ]
    }

    async fn erase_batch(&self, user: UserId, limit: u64) -> Result<u64, RetentionError> {
        let input = (user, limit, self.clock.now());
        let erased = self
            .db
            .write_alone(WriteKey::User(user), input, |txn, (user, limit, now)| {
                Box::pin(async move {
                    if accounts::is_last_admin(txn, *user).await? {
                        return Ok(None);
                    }
                    queries::erase(txn, *user, *limit, *now).await.map(Some)
                })
            })
            .await?;
        erased.ok_or_else(|| RetentionError::Refused(AccountsError::LastAdmin.to_string()))
    }

    async fn remaining(&self, user: UserId) -> Result<u64, RetentionError> {
        Ok(queries::remaining(self.db.read(), user).await?)
    }
}
