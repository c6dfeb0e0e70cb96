//! What has to hold for every screen and every act.

use binnacle_tui::acts::nouns;
use binnacle_tui::app::{Palette, Target};
use binnacle_tui::keys::{BINDINGS, Command, Key, Where};
use binnacle_tui::place::Place;
use binnacle_tui::screens;
use binnacle_tui::screens::help;

use crate::support::{Console, WIDE};

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
        Place::RetentionClass {
            class: "chat".to_owned(),
        },
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
fn every_act_of_a_screen_is_in_the_palette_the_shell_and_the_help_once() {
    let all = nouns::acts();
    let shell = binnacle_tui::cli::command();
    let help = help::lines(&[]);
    let palette = Palette::new(&Console::live(WIDE).app);
    for act in &all {
        let noun = shell
            .find_subcommand(act.noun)
            .expect("a noun of the shell");
        let verb = noun.find_subcommand(act.verb).expect("a verb of the shell");
        for field in act.fields {
            assert!(
                verb.get_arguments()
                    .any(|argument| argument.get_id() == field.name)
            );
        }
        let told = format!("{}: {}", act.label, act.help);
        assert_eq!(
            help.iter().filter(|line| line.text == told).count(),
            1,
            "{told}"
        );
        let entries = palette
            .entries
            .iter()
            .filter(|entry| entry.target == Target::Act(act));
        assert_eq!(entries.count(), 1, "{act:?}");
    }
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

/// The footer's acts are the menu's, in the menu's order.
#[test]
fn the_footer_shows_what_the_menu_does() {
    for digit in 0..10 {
        let place = Place::of_digit(digit).expect("a screen");
        let mut console = Console::live(WIDE);
        console.keys(&digit.to_string());
        let shown: Vec<Key> = binnacle_tui::widgets::chrome::hints(&console.app)
            .into_iter()
            .map(|hint| hint.key)
            .collect();
        let screen = screens::open(&place);
        let mut from = 0;
        for act in screen.acts() {
            let Some(letter) = act.key else { continue };
            if let Some(at) = shown.iter().position(|key| *key == Key::Char(letter)) {
                assert!(at >= from, "{place:?}: {shown:?}");
                from = at;
            }
        }
        assert_eq!(shown.last(), Some(&Key::Char('?')));
    }
}

/// What the footer names does something: Enter where something opens, Tab where there are panes,
/// `/` where there is a filter.
#[test]
fn the_footer_promises_nothing_that_does_nothing() {
    for place in every_place() {
        let mut console = Console::live(WIDE);
        console.app.history = binnacle_tui::app::History::new(&place, 1);
        let screen = screens::open(&place);
        let hints = binnacle_tui::widgets::chrome::hints(&console.app);
        let has = |key: Key| hints.iter().any(|hint| hint.key == key);
        assert_eq!(
            has(Key::Char('/')),
            screen.filtering().is_some(),
            "{place:?}"
        );
        assert_eq!(has(Key::Tab), screen.panes() > 1, "{place:?}");
        let key = binnacle_tui::keys::command(Key::Enter, screen.keys());
        let opens = screen.opens() && key == Some(Command::Open);
        assert_eq!(has(Key::Enter), opens, "{place:?}");
        if has(Key::Tab) {
            let before = console.text();
            console.key(Key::Tab);
            assert_ne!(before, console.text(), "{place:?}: Tab does nothing");
        }
    }
}

/// Every list's filter, written out, is read as the same filter.
#[test]
fn filters_come_back_as_they_were_written() {
    let texts = [
        "state:failed,running kind:embed",
        "-state:queued age>2h \"two words\"",
        "error:- created>2026-11-01",
    ];
    for text in texts {
        let schema = screens::open(&Place::Jobs {
            filter: String::new(),
        })
        .filtering()
        .expect("a filter")
        .schema;
        let read = api::filter::parse(text, schema).expect("a filter");
        let again = api::filter::parse(&read.to_string(), schema).expect("the same");
        assert_eq!(read, again, "{text}");
    }
}
