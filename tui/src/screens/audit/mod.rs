//! Audit: who changed what; can it be undone?

pub mod acts;

use api::console::{AuditRecord, FeedEvent, Topic};
use api::filter::{AUDIT, Schema};
use serde_json::Value;

use super::Screen;
use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use crate::acts::Act;
use crate::acts::nouns::{Noun, read_rows};
use crate::client::Request;
use crate::client::request::segment;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left};

/// The list's address.
pub const PATH: &str = "/api/admin/audit/entries";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "audit",
    help: "every act on record",
    find: |named| Request::get(format!("{PATH}/{}", segment(named))),
    read: |reply| read_rows(reply, |entry: AuditRecord| Object::Entry(Box::new(entry))),
    list: Some(PATH),
    schema: &AUDIT,
    acts: acts::ACTS,
};

static COLUMNS: &[Column<AuditRecord>] = &[
    left("WHEN", "", (19, 19), |row, _, _| {
        Cell::new(units::moment(row.at))
    }),
    left("WHO", "", (20, 14), |row, _, _| Cell::new(who(row))),
    left("ACTION", "", (20, 16), |row, _, _| {
        let role = if row.undo.undone_by.is_some() {
            Role::Muted
        } else {
            Role::Plain
        };
        Cell::role(row.action.clone(), role)
    }),
    left("TARGET", "", (24, 18), |row, _, _| Cell::new(target(row))),
    left("CHANGE", "", (24, 0), |row, _, _| Cell::new(change(row))),
    left("UNDO", "", (5, 4), |row, _, _| {
        Cell::role(if row.undo.possible { "u" } else { "" }, Role::Info)
    }),
    left("FROM", "", (8, 0), |row, _, _| {
        Cell::new(row.via.clone().unwrap_or_default())
    }),
];

/// Who did it.
pub fn who(row: &AuditRecord) -> String {
    match (&row.actor_email, row.actor_id) {
        (Some(email), _) => email.clone(),
        (None, Some(id)) => format!("user {id}"),
        (None, None) => "system".to_owned(),
    }
}

/// To what.
pub fn target(row: &AuditRecord) -> String {
    let name = row.target_label.as_ref().or(row.target_id.as_ref());
    let kind = row.target_type.as_deref().unwrap_or_default();
    let name = name.map(String::as_str).unwrap_or_default();
    format!("{kind} {name}").trim().to_owned()
}

/// What changed: `limit_nanos 10 > 15`, of each field that differs.
pub fn change(row: &AuditRecord) -> String {
    let field = |value: &Option<Value>, name: &str| {
        value.as_ref().and_then(|value| value.get(name)).cloned()
    };
    let Some(Value::Object(after)) = &row.after else {
        return String::new();
    };
    let changes: Vec<String> = after
        .iter()
        .filter_map(|(name, new)| {
            let old = field(&row.before, name);
            if old.as_ref() == Some(new) {
                return None;
            }
            let label = name.trim_end_matches("_nanos");
            let new = value(name, Some(new));
            Some(match old {
                Some(old) => format!("{label} {} > {new}", value(name, Some(&old))),
                None => format!("{label} {new}"),
            })
        })
        .collect();
    changes.join(", ")
}

/// A value in the unit that its name says.
pub fn value(name: &str, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => units::UNKNOWN.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if name.ends_with("_nanos") => number
            .as_i64()
            .map_or_else(|| number.to_string(), units::money),
        Some(other) => other.to_string(),
    }
}

/// The acts on record: all, or those that concern one user.
#[derive(Debug, Default)]
pub struct Audit {
    pub user: Option<i64>,
}

/// The screen.
pub fn screen(filter: &str) -> Box<dyn Screen> {
    Box::new(ListScreen::new(Audit::default(), filter))
}

impl Listing for Audit {
    type Row = AuditRecord;

    fn noun(&self) -> &'static str {
        "acts"
    }

    fn columns(&self) -> &'static [Column<AuditRecord>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &AUDIT
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn count(&self) -> Option<Request> {
        Some(Request::get(format!("{PATH}/count")))
    }

    fn own_term(&self) -> String {
        self.user
            .map_or_else(String::new, |id| format!("user:{id}"))
    }

    fn id(&self, row: &AuditRecord) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &AuditRecord) -> Object {
        Object::Entry(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, row: &AuditRecord) -> Option<Place> {
        Some(Place::AuditEntry { id: row.id })
    }

    fn change(&self, event: &FeedEvent) -> Change<AuditRecord> {
        match event {
            FeedEvent::Audit(entry) if self.user.is_none() => Change::Rows(vec![(**entry).clone()]),
            FeedEvent::Lost(lost) if lost.topic == Topic::Audit => Change::Reload,
            _ => Change::None,
        }
    }
}

impl Frame for Audit {
    fn place(&self, filter: &str) -> Place {
        Place::Audit {
            filter: filter.to_owned(),
        }
    }

    fn title(&self) -> String {
        "Audit".to_owned()
    }
}
