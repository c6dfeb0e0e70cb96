//! How long the record of backups is kept.

use crate::platform::{
    db::Db,
    retention::{Class, Expiring, Part, Place, Rows},
};

const RUNS: Place = Place::Table("backup_runs");

/// What backup registers.
pub(crate) fn retention(db: &Db) -> Part {
    Part::default()
        .holds(RUNS, Class::FinishedJobs)
        .expired_by(Rows {
            db: db.clone(),
            class: Class::FinishedJobs,
            places: &[RUNS],
            tables: vec![Expiring::of("backup_runs", "finished_at < $1").at("finished_at")],
        })
}
