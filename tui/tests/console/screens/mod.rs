//! What each screen shows and asks.

mod engine;
mod frames;
mod house;
mod jobs;
mod money;
mod people;
mod states;
mod users;

use std::fmt::Write as _;

use crate::support::Console;

/// Keeps the frame: its text, then its looks.
pub(crate) fn keep(name: &str, console: &Console) {
    let (text, looks) = console.frame();
    insta::assert_snapshot!(format!("{name}.text"), text);
    insta::assert_snapshot!(format!("{name}.looks"), folded(&looks));
}

/// Looks are long: equal letters in a row are counted.
fn folded(looks: &str) -> String {
    let mut short = String::new();
    for line in looks.lines() {
        let mut rest = line;
        while let Some(letter) = rest.chars().next() {
            let run = rest.chars().take_while(|other| *other == letter).count();
            let _infallible = write!(short, "{run}{letter}");
            rest = rest.get(run..).unwrap_or_default();
        }
        short.push('\n');
    }
    short
}
