//! How long answers are kept to be given again.

use async_trait::async_trait;
use entities::UserId;

use super::queries;
use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Part, Place, RetentionError, Rows},
};

const ANSWERS: Place = Place::Table("act_answers");

/// What kept answers register.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holds(ANSWERS, Class::StreamReplay)
        .expired_by(Rows {
            db: db.clone(),
            class: Class::StreamReplay,
            places: &[ANSWERS],
            tables: vec![queries::expired()],
        })
        .erased_by(Answers(db.clone()))
}

struct Answers(Db);

#[async_trait]
impl Eraser for Answers {
    fn places(&self) -> &'static [Place] {
        &[ANSWERS]
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
