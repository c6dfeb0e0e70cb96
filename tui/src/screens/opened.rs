//! From a place to its screen.

use super::Screen;
use crate::place::Place;

/// The screen of a place.
pub fn open(place: &Place) -> Box<dyn Screen> {
    match place {
        Place::Overview => super::overview::screen(),
        Place::Alarms => super::alarms::screen(),
        Place::Help => super::help::screen(),
        Place::Users { filter } => super::users::screen(filter),
        Place::User { id } => super::user::screen(*id),
        Place::Job { id } => super::job::screen(id),
        Place::Jobs { filter } => super::jobs::screen(filter),
        _ => super::jobs::screen(""),
    }
}
