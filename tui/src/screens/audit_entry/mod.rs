//! One act on record: who, what, before and after.

use api::console::{AuditRecord, FeedEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use super::audit::acts::ACTS;
use super::audit::{NOUN, target, value, who};
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
    entry: Option<AuditRecord>,
    failure: Option<Failure>,
}

/// The screen of an entry.
pub fn screen(id: i64) -> Box<dyn Screen> {
    Box::new(EntryScreen {
        id,
        entry: None,
        failure: None,
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

impl Screen for EntryScreen {
    fn place(&self) -> Place {
        Place::AuditEntry { id: self.id }
    }

    fn crumbs(&self) -> String {
        format!("Audit > {}", self.id)
    }

    fn status(&self, _: &View) -> String {
        self.entry
            .as_ref()
            .map(|entry| entry.action.clone())
            .unwrap_or_default()
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        cx.fetch("entry", (NOUN.find)(&self.id.to_string()));
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::Owner => match self.entry.as_ref().and_then(|entry| entry.actor_id) {
                Some(id) => cx.go(Place::User { id }),
                None => cx.toast("the system did it"),
            },
            Command::CopyId => cx.actions.push(Action::Copy(self.id.to_string())),
            Command::CopyRow => {
                let json = self.entry.as_ref().map(serde_json::to_string_pretty);
                if let Some(Ok(json)) = json {
                    cx.actions.push(Action::Copy(json));
                }
            }
            _ => return false,
        }
        true
    }

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, _: &mut Cx) {
        match outcome.and_then(|reply| reply.decode()) {
            Ok(entry) => {
                self.entry = Some(entry);
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn chosen(&self) -> Chosen {
        Chosen {
            objects: self
                .entry
                .iter()
                .map(|entry| Object::Entry(Box::new(entry.clone())))
                .collect(),
            ..Chosen::default()
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(entry) = &self.entry else {
            let (role, text) = match &self.failure {
                Some(failure) => (Role::Bad, format!("  could not load: {failure}  r now")),
                None => (Role::Muted, "  loading...".to_owned()),
            };
            line::text(buffer, line::row(area, 0), &text, role, view);
            return;
        };
        let undo = match (entry.undo.undone_by, entry.undo.possible, entry.undo.until) {
            (Some(by), _, _) => format!("undone by entry {by}"),
            (None, true, Some(until)) => format!("u undoes it until {}", units::moment(until)),
            (None, true, None) => "u undoes it".to_owned(),
            (None, false, _) => "cannot be undone".to_owned(),
        };
        line::rule(buffer, line::row(area, 0), "Act", view);
        let unknown = || units::UNKNOWN.to_owned();
        let facts = [
            ("when", format!("{} UTC", units::moment(entry.at))),
            ("who", who(entry)),
            ("action", entry.action.clone()),
            ("target", target(entry)),
            ("from", entry.via.clone().unwrap_or_else(unknown)),
            ("request", entry.request_id.clone().unwrap_or_else(unknown)),
            ("hash", entry.hash.clone()),
            ("undo", undo),
        ];
        for (row, (label, text)) in (1..).zip(facts) {
            let parts = [(Role::Muted, format!(" {label:<9}")), (Role::Plain, text)];
            line::parts(buffer, line::row(area, row), &parts, view);
        }
        line::rule(buffer, line::row(area, 10), "Before > after", view);
        for (row, name) in (11..area.height).zip(fields(entry)) {
            let side = |side: &Option<Value>| {
                value(&name, side.as_ref().and_then(|fields| fields.get(&name)))
            };
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
}
