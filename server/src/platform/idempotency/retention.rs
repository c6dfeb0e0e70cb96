//! How long answers are kept to be given again.

use entities::governance::act_answer;

use super::queries;
use crate::platform::{
    db::Db,
    retention::{Class, ErasedRows, Part, Place, Rows},
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
        .erased_by(ErasedRows::<act_answer::Entity> {
            db: db.clone(),
            places: &[ANSWERS],
            owner: act_answer::Column::ActorUserId,
            key: act_answer::Column::Id,
        })
}
