//! What retention itself keeps: periods set from the console, and the record of its runs.

use super::{Class, Expiring, Holding, Part, Place, Rows};
use crate::platform::db::Db;

const RUNS: Place = Place::Table("retention_runs");
/// Why an admin's number stays.
const PSEUDONYM: &str =
    "a row names the admin who acted by number alone, and an erased user's number is nobody's";

/// What retention registers of its own.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holding(Holding {
            place: Place::Table("retention_overrides"),
            class: Class::House,
            not_expired: None,
            not_erased: Some(PSEUDONYM),
        })
        .holding(Holding {
            place: RUNS,
            class: Class::FinishedJobs,
            not_expired: None,
            not_erased: Some(PSEUDONYM),
        })
        .expired_by(Rows {
            db: db.clone(),
            class: Class::FinishedJobs,
            places: &[RUNS],
            tables: vec![
                Expiring::of("retention_runs", "finished_at < $1")
                    .at("finished_at")
                    .user("actor_user_id"),
            ],
        })
}
