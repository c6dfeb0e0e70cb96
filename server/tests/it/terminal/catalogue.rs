//! No act is left untested.

use std::collections::BTreeSet;

use binnacle_tui::place::Place;
use binnacle_tui::screens;

use super::console::{Done, name_of};
use super::{
    audit, budgets, deleted, jobs, people, providers, retention, settings, streams, system,
};

/// Every screen, those that are opened by a row too.
pub(super) fn places() -> Vec<Place> {
    let named = Place::named().into_iter().map(|(_, place)| place);
    let word = || "1".to_owned();
    named
        .chain([
            Place::User { id: 1 },
            Place::Job { id: word() },
            Place::Stream { id: word() },
            Place::AuditEntry { id: 1 },
            Place::RetentionClass { class: word() },
        ])
        .collect()
}

#[test]
fn every_act_of_every_screen_is_done_by_keys_in_a_test() {
    let tested: BTreeSet<Done> = [
        people::DONE,
        budgets::DONE,
        jobs::DONE,
        streams::DONE,
        retention::DONE,
        providers::DONE,
        audit::DONE,
        system::DONE,
        deleted::DONE,
        settings::DONE,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect();
    let tested: BTreeSet<(String, String)> = tested
        .into_iter()
        .map(|(screen, act)| (screen.to_owned(), act.to_owned()))
        .collect();
    let there: BTreeSet<(String, String)> = places()
        .iter()
        .flat_map(|place| {
            let acts = screens::open(place).acts().iter();
            acts.map(|act| (name_of(place), format!("{act:?}")))
        })
        .collect();
    pretty_assertions::assert_eq!(tested, there);
}
