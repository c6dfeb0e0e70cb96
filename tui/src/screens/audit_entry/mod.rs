//! One act on record: who, what, before and after.

use api::console::{AuditRecord, FeedEvent, ObjectRef};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use super::audit::acts::ACTS;
use super::audit::{NOUN, target, value, who};
use super::loaded::Loaded;
use super::overview::place_of;
use super::{Chosen, Cx, Screen, View};
use crate::action::Action;
use crate::acts::Act;
use crate::client::{Failure, Reply};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// The screen.
pub struct EntryScreen {
    id: i64,
    entry: Loaded<AuditRecord>,
}

/// The screen of an entry.
pub fn screen(id: i64) -> Box<dyn Screen> {
    Box::new(EntryScreen {
        id,
        entry: Loaded::default(),
    })
}

/// The names of the fields before and after, each once.
fn fields(entry: &AuditRecord) -> Vec<String> {
    let mut names = Vec::new();
    for side in [&entry.before, &entry.after] {
        if let Some(Value::Object(fields)) = side {
            for name in fields.keys() {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
    }
    names
}

/// Where the thing is shown that the act was done to.
fn place(entry: &AuditRecord) -> Option<Place> {
    place_of(&ObjectRef {
        kind: entry.target_type.clone()?,
        id: entry.target_id.clone()?,
    })
}

impl EntryScreen {
    fn ask(&mut self, after_ms: u64, cx: &mut Cx) {
        self.entry.asked(cx.now);
        cx.fetch_after("entry", (NOUN.find)(&self.id.to_string()), after_ms);
    }
}

impl Screen for EntryScreen {
    fn place(&self) -> Place {
        Place::AuditEntry { id: self.id }
    }

    fn crumbs(&self) -> String {
        format!("Audit > {}", self.id)
    }

    fn status(&self, view: &View) -> String {
        let Some(entry) = self.entry.value() else {
            return String::new();
        };
        let facts = [
            entry.action.clone(),
            target(entry),
            format!("{} ago", view.age(entry.at)),
        ];
        facts.join(&format!(" {} ", view.glyphs.dot))
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.ask(0, cx);
    }

    fn opens(&self) -> bool {
        self.entry.value().and_then(place).is_some()
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let entry = self.entry.value();
        match command {
            Command::Owner => match entry.and_then(|entry| entry.actor_id) {
                Some(id) => cx.go(Place::User { id }),
                None => cx.toast("the system did it"),
            },
            Command::Open => match entry.and_then(place) {
                Some(place) => cx.go(place),
                None => cx.toast("what it was done to has no screen"),
            },
            Command::CopyId => cx.actions.push(Action::Copy(self.id.to_string())),
            Command::CopyRow => {
                if let Some(Ok(json)) = entry.map(serde_json::to_string_pretty) {
                    cx.actions.push(Action::Copy(json));
                }
            }
            _ => return false,
        }
        true
    }

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        self.entry.answered(outcome, cx.now);
    }

    /// What is done later may undo it.
    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        let about = |entry: &AuditRecord| (entry.target_type.clone(), entry.target_id.clone());
        if let (FeedEvent::Audit(later), Some(entry)) = (event, self.entry.value())
            && about(later) == about(entry)
            && !cx.frozen
        {
            self.ask(0, cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx) {
        if self.entry.is_due(cx.now) {
            self.ask(0, cx);
        }
    }

    fn chosen(&self) -> Chosen {
        let entry = self.entry.value().cloned();
        Chosen {
            objects: entry
                .map(|entry| Object::Entry(Box::new(entry)))
                .into_iter()
                .collect(),
            ..Chosen::default()
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let area = self.entry.draw_notice(area, buffer, view);
        if let Some(entry) = self.entry.value() {
            draw_act(entry, area, buffer, view);
            draw_change(entry, area, buffer, view);
        }
    }
}

/// Lines of the facts, with their heading.
const FACTS: u16 = 10;

fn draw_act(entry: &AuditRecord, area: Rect, buffer: &mut Buffer, view: &View) {
    let undo = match (entry.undo.undone_by, entry.undo.possible, entry.undo.until) {
        (Some(by), _, _) => (Role::Muted, format!("undone by entry {by}")),
        (None, true, Some(until)) => (
            Role::Info,
            format!("u undoes it until {} UTC", units::moment(until)),
        ),
        (None, true, None) => (Role::Info, "u undoes it".to_owned()),
        (None, false, _) => (Role::Muted, "cannot be undone".to_owned()),
    };
    line::rule(buffer, line::row(area, 0), "Act", view);
    let unknown = || units::UNKNOWN.to_owned();
    let plain = |text: String| (Role::Plain, text);
    let facts = [
        ("when", plain(format!("{} UTC", units::moment(entry.at)))),
        ("who", plain(who(entry))),
        ("action", plain(entry.action.clone())),
        ("target", plain(target(entry))),
        ("from", plain(entry.via.clone().unwrap_or_else(unknown))),
        (
            "request",
            plain(entry.request_id.clone().unwrap_or_else(unknown)),
        ),
        ("hash", plain(entry.hash.clone())),
        ("undo", undo),
    ];
    for (row, (label, text)) in (1..FACTS).zip(facts) {
        let parts = [(Role::Muted, format!(" {label:<9}")), text];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}

fn draw_change(entry: &AuditRecord, area: Rect, buffer: &mut Buffer, view: &View) {
    line::rule(buffer, line::row(area, FACTS), "Before > after", view);
    let names = fields(entry);
    if names.is_empty() {
        let text = " this act keeps no values";
        let place = line::row(area, FACTS + 1);
        line::text(buffer, place, text, Role::Muted, view);
    }
    for (row, name) in (FACTS + 1..area.height).zip(names) {
        let side =
            |side: &Option<Value>| value(&name, side.as_ref().and_then(|fields| fields.get(&name)));
        let (before, after) = (side(&entry.before), side(&entry.after));
        let role = if before == after {
            Role::Muted
        } else {
            Role::Plain
        };
        let parts: [Part; 2] = [
            (Role::Muted, format!(" {name:<24}")),
            (role, format!("{before} > {after}")),
        ];
        line::parts(buffer, line::row(area, row), &parts, view);
    }
}
