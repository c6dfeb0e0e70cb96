//! How long the branding of the house is kept.

use crate::platform::retention::{Class, Holding, Part, Place};

/// Why an erased admin's number stays.
const PSEUDONYM: &str =
    "a setting names who changed it by number alone, and an erased user's number is nobody's";

/// What administration registers.
pub(crate) fn retention() -> Part {
    Part::default().holding(Holding {
        place: Place::Table("app_settings"),
        class: Class::House,
        not_expired: None,
        not_erased: Some(PSEUDONYM),
    })
}
