//! How long the branding of the house and previews are kept.

use async_trait::async_trait;
use entities::UserId;

use super::queries;
use crate::platform::{
    db::{Db, WriteKey},
    retention::{Class, Eraser, Holding, Part, Place, RetentionError, Rows},
};

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
        .holds(PREVIEWS, Class::StreamReplay)
        .expired_by(Rows {
            db: db.clone(),
            class: Class::StreamReplay,
            places: &[PREVIEWS],
            tables: vec![queries::expired()],
        })
        .erased_by(Previews(db.clone()))
}

/// Previews that are acted on.
struct Previews(Db);

#[async_trait]
impl Eraser for Previews {
    fn places(&self) -> &'static [Place] {
        &[PREVIEWS]
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
