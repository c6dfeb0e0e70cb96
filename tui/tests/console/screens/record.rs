//! Acts on the record, key by key.

use serde_json::json;

use crate::support::fixtures as house;
use crate::support::{Console, WIDE};

const ENTRIES: &str = "/api/admin/audit/entries";
const VERIFY: &str = "/api/admin/audit/verify";

fn open(entries: &[api::console::AuditRecord]) -> Console {
    let mut console = Console::live(WIDE);
    console.keys("8");
    console.answer(ENTRIES, &house::page(entries, None));
    console
}

#[test]
fn an_act_is_undone_and_the_reverse_is_told() {
    let mut console = open(&[
        house::audit(48_210, "set_budget", true),
        house::audit(48_209, "replay_jobs", false),
    ]);
    console.keys("u");
    console.shows("it was: limit $10.00 > $15.00");
    console.shows("undoing takes money or access away");
    assert!(console.asked.iter().all(|asked| !asked.act));
    console.keys("y");
    let mut reverse = house::audit(48_212, "set_budget", false);
    std::mem::swap(&mut reverse.before, &mut reverse.after);
    console.answer("/api/admin/audit/entries/48210/undo", &reverse);
    console.shows("entry 48210 is undone by 48212: limit $15.00 > $10.00");
    console.keys("ju");
    console.shows("replay_jobs cannot be undone");
}

#[test]
fn what_gives_back_is_undone_without_a_question() {
    let mut console = open(&[house::audit(48_210, "disable_user", true)]);
    console.keys("u");
    assert!(console.asks("/api/admin/audit/entries/48210/undo"));
}

#[test]
fn an_act_that_was_undone_names_what_undid_it() {
    let mut entry = house::audit(48_210, "set_budget", false);
    entry.undo.undone_by = Some(48_212);
    let mut console = open(&[entry]);
    console.keys("u");
    console.shows("entry 48212 undid it");
}

#[test]
fn what_changed_since_is_not_undone() {
    let mut console = open(&[house::audit(48_210, "set_budget", true)]);
    console.keys("uy");
    console.refuse(
        "/api/admin/audit/entries/48210/undo",
        409,
        "changed_since",
        "the limit changed",
    );
    console.shows("it changed meanwhile");
    assert!(console.asked.iter().all(|asked| !asked.act));
}

#[test]
fn a_chain_that_holds_is_told_in_passing() {
    let mut console = open(&[]);
    console.keys("V");
    console.answer(
        VERIFY,
        &json!({"ok": true, "entries": 48_210, "good_to": 48_210, "broken_at": null, "at": house::ago(0)}),
    );
    console.shows("the chain holds: 48,210 entries read");
}

#[test]
fn a_broken_chain_stays_until_it_is_closed() {
    let mut console = open(&[]);
    console.keys("V");
    console.answer(
        VERIFY,
        &json!({"ok": false, "entries": 48_210, "good_to": 9, "broken_at": 10, "at": house::ago(0)}),
    );
    console.shows("THE CHAIN IS BROKEN");
    console.shows("first entry that does not hold: 10");
    console.wait(60_000);
    console.shows("THE CHAIN IS BROKEN");
    console.enter();
    console.shows_not("THE CHAIN IS BROKEN");
}

#[test]
fn an_entry_opens_what_it_was_done_to_and_hears_of_its_undoing() {
    let entry = house::audit(48_210, "set_budget", true);
    let mut console = open(std::slice::from_ref(&entry));
    console.enter();
    console.answer("/api/admin/audit/entries/48210", &entry);
    console.shows("u undoes it");
    console.feed("audit", &house::audit(48_212, "set_budget", false));
    let mut undone = entry;
    undone.undo.possible = false;
    undone.undo.undone_by = Some(48_212);
    console.answer("/api/admin/audit/entries/48210", &undone);
    console.shows("undone by entry 48212");
    console.enter();
    assert!(console.asks("/api/admin/accounts/12"));
}

#[test]
fn new_acts_come_to_the_top_of_the_list() {
    let mut console = open(&[house::audit(48_210, "set_budget", true)]);
    console.feed("audit", &house::audit(48_211, "enable_user", true));
    console.wait(3_100);
    assert!(console.asks(ENTRIES));
}
