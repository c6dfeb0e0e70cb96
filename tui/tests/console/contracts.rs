//! What has to hold for every screen and every act.

use binnacle_tui::acts::nouns;
use binnacle_tui::keys::{BINDINGS, Command, Key, Where};
use binnacle_tui::place::Place;
use binnacle_tui::screens;

fn every_place() -> Vec<Place> {
    let mut places: Vec<Place> = Place::named().into_iter().map(|(_, place)| place).collect();
    places.extend([
        Place::User { id: 12 },
        Place::Job {
            id: "88121".to_owned(),
        },
        Place::Stream {
            id: "5f2a".to_owned(),
        },
        Place::AuditEntry { id: 1 },
    ]);
    places
}

#[test]
fn a_place_opens_its_own_screen() {
    for place in every_place() {
        assert_eq!(screens::open(&place).place(), place);
    }
}

/// An act may take `u` where it undoes, and leave a key of the table its meaning elsewhere.
#[test]
fn no_act_takes_a_key_of_the_table_or_of_another_act() {
    for place in every_place() {
        let screen = screens::open(&place);
        let mut taken: Vec<(Key, String)> = BINDINGS
            .iter()
            .filter(|binding| {
                binding.place == Where::Everywhere || screen.keys().contains(&binding.place)
            })
            .flat_map(|binding| {
                binding
                    .keys
                    .iter()
                    .map(|key| (*key, format!("{:?}", binding.command)))
            })
            .collect();
        for act in screen.acts() {
            let Some(letter) = act.key else { continue };
            let key = Key::Char(letter);
            let other = taken.iter().find(|(known, _)| *known == key);
            let undoes = act.verb == "undo"
                && other.is_some_and(|(_, what)| *what == format!("{:?}", Command::Undo));
            assert!(
                other.is_none() || undoes,
                "{place:?}: {letter} is {act:?} and {other:?}"
            );
            taken.push((key, format!("{act:?}")));
        }
    }
}

#[test]
fn every_act_of_a_screen_is_in_the_palette_and_the_shell_once() {
    let all = nouns::acts();
    for (at, act) in all.iter().enumerate() {
        assert!(!all[..at].contains(act), "{act:?} twice");
        assert!(!act.help.is_empty() && !act.label.is_empty());
    }
    for place in every_place() {
        for act in screens::open(&place).acts() {
            assert!(all.contains(act), "{place:?}: {act:?} is nobody's");
        }
    }
}
