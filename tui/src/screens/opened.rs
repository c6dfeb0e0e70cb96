//! From a place to its screen.

use super::Screen;
use crate::place::Place;

/// The screen of a place.
pub fn open(place: &Place) -> Box<dyn Screen> {
    match place {
        Place::Users { filter } => super::users::screen(filter),
        Place::Jobs { filter } => super::jobs::screen(filter),
        _ => super::jobs::screen(""),
    }
}
