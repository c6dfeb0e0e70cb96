//! How long sign-ins are kept, and what is left of an erased account: a tombstone without address,
//! password or notes, so that the numbers in the books still mean one and the same unknown person.

mod export;
mod queries;

use std::sync::Arc;

use async_trait::async_trait;
use entities::UserId;

use super::{AccountsError, queries as accounts};
use crate::platform::{
    clock::Clock,
    db::{Db, WriteKey},
    retention::{Class, Eraser, Part, Place, RetentionError, Rows},
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
        .expired_by(Rows {
            db: db.clone(),
            class: Class::Sessions,
            places: &[
                REFRESH_TOKENS,
                SESSIONS,
                REVOCATIONS,
                ONE_TIME_TOKENS,
                NOTES_HISTORY,
            ],
            tables: queries::ended_sign_ins(),
        })
        .erased_by(Account {
            db: db.clone(),
            clock,
        })
        .exported_by(export::Account(db.clone()))
        .exported_by(export::sign_ins(db))
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
