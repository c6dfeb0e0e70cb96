//! How long the audit log is kept.

use crate::platform::retention::{Class, Holding, Part, Place};

/// Why rows of the chain do not simply go.
const CHAINED: &str = "each entry carries the hash of the one before: the log is cut at a signed checkpoint or not at all";
/// Why an erased user's entries stay.
const IDS_ONLY: &str =
    "entries hold ids alone, and the id of an erased user is nobody's name: the chain stays whole";

/// What the audit log registers.
pub(crate) fn retention() -> Part {
    Part::default()
        .holding(Holding {
            place: Place::Table("audit_log"),
            class: Class::Audit,
            not_expired: Some(CHAINED),
            not_erased: Some(IDS_ONLY),
        })
        .holds(Place::Table("audit_head"), Class::House)
}
