//! The screens that one came through, with their filters, marks and cursors as they were left.

use crate::acts::Act;
use crate::place::Place;
use crate::screens::{self, Screen};

/// Screens that are kept to come back to.
const KEPT: usize = 32;

struct Entry {
    number: u64,
    screen: Box<dyn Screen>,
}

/// A line of screens, one of them shown.
pub struct History {
    entries: Vec<Entry>,
    at: usize,
}

impl History {
    pub fn new(place: &Place, number: u64) -> History {
        History {
            entries: vec![Entry {
                number,
                screen: screens::open(place),
            }],
            at: 0,
        }
    }

    /// The shown screen and its number.
    pub fn shown(&self) -> Option<(u64, &dyn Screen)> {
        self.entries
            .get(self.at)
            .map(|entry| (entry.number, &*entry.screen))
    }

    /// The screen with that number, wherever it stands.
    pub fn numbered(&mut self, number: u64) -> Option<&mut Box<dyn Screen>> {
        self.entries
            .iter_mut()
            .find(|entry| entry.number == number)
            .map(|entry| &mut entry.screen)
    }

    /// Opens a place after the shown one; what was ahead is forgotten.
    pub fn push(&mut self, place: &Place, number: u64) {
        self.entries.truncate(self.at + 1);
        self.entries.push(Entry {
            number,
            screen: screens::open(place),
        });
        if self.entries.len() > KEPT {
            self.entries.remove(0);
        }
        self.at = self.entries.len() - 1;
    }

    /// To the screen before; whether there is one.
    pub fn back(&mut self) -> bool {
        let moves = self.at > 0;
        self.at = self.at.saturating_sub(1);
        moves
    }

    pub fn forward(&mut self) -> bool {
        let moves = self.at + 1 < self.entries.len();
        self.at += usize::from(moves);
        moves
    }

    /// The screen behind the shown one.
    pub fn behind_mut(&mut self) -> Option<(u64, &mut Box<dyn Screen>)> {
        let at = self.at.checked_sub(1)?;
        self.entries
            .get_mut(at)
            .map(|entry| (entry.number, &mut entry.screen))
    }

    /// What can be done on the screen behind.
    pub fn acts_behind(&self) -> &'static [&'static Act] {
        self.at
            .checked_sub(1)
            .and_then(|at| self.entries.get(at))
            .map_or(&[], |entry| entry.screen.acts())
    }

    /// Shows another place instead of the shown one.
    pub fn replace(&mut self, place: &Place, number: u64) {
        if let Some(entry) = self.entries.get_mut(self.at) {
            *entry = Entry {
                number,
                screen: screens::open(place),
            };
        }
    }
}
