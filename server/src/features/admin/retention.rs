//! How long the branding of the house, answers of acts and previews are kept.

use async_trait::async_trait;
use entities::UserId;

use super::queries;
use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Holding, Part, Place, RetentionError, Rows},
};

const ANSWERS: Place = Place::Table("act_answers");
const PREVIEWS: Place = Place::Table("account_previews");

/// Why an erased admin's number stays.
const PSEUDONYM: &str =
    "a setting names who changed it by number alone, and an erased user's number is nobody's";

/// What administration registers.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holding(Holding {
            place: Place::Table("app_settings"),
            class: Class::House,
            not_expired: None,
            not_erased: Some(PSEUDONYM),
        })
        .holds(ANSWERS, Class::StreamReplay)
        .holds(PREVIEWS, Class::StreamReplay)
        .expired_by(Rows {
            db: db.clone(),
            class: Class::StreamReplay,
            places: &[ANSWERS, PREVIEWS],
            tables: queries::expired(),
        })
        .erased_by(Aids(db.clone()))
}

/// Answers that are given again, and previews that are acted on.
struct Aids(Db);

#[async_trait]
impl Eraser for Aids {
    fn places(&self) -> &'static [Place] {
        &[ANSWERS, PREVIEWS]
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
