//! How long the branding of the house and previews are kept.

use entities::governance::account_preview;

use super::queries;
use crate::platform::{
    db::Db,
    retention::{Class, ErasedRows, Holding, Part, Place, Rows},
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
        .erased_by(ErasedRows::<account_preview::Entity> {
            db: db.clone(),
            places: &[PREVIEWS],
            owner: account_preview::Column::ActorUserId,
            key: account_preview::Column::Id,
        })
}
