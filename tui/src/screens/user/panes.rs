//! The lists of a user.

use api::console::{AccountDocument, AccountSession};
use api::filter::Schema;

use crate::acts::Act;
use crate::acts::nouns::NO_FIELDS;
use crate::client::Request;
use crate::object::Object;
use crate::place::Place;
use crate::screens::audit::Audit;
use crate::screens::jobs::Jobs;
use crate::screens::ledger::Ledger;
use crate::screens::list::{List, Listing};
use crate::screens::panes::{Panes, pane};
use crate::screens::streams::Streams;
use crate::screens::users::PATH;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

/// The panes of a user, in the order of Tab.
pub(super) fn all(user: i64) -> Panes {
    Panes::new(vec![
        pane("Jobs", List::new(Jobs::of(user), "")),
        pane("Streams", List::new(Streams { user: Some(user) }, "")),
        pane("Ledger", List::new(Ledger::of_user(user), "")),
        pane("Audit", List::new(Audit { user: Some(user) }, "")),
        pane("Sign-ins", List::new(Sessions { user }, "")),
        pane("Documents", List::new(Documents { user }, "")),
    ])
}

/// The sign-ins of a user.
struct Sessions {
    user: i64,
}

static SESSIONS: &[Column<AccountSession>] = &[
    left("CLIENT", "", (50, 30), |row, _, _| {
        Cell::new(
            row.client
                .clone()
                .unwrap_or_else(|| units::UNKNOWN.to_owned()),
        )
    }),
    left("ADDRESS", "", (28, 18), |row, _, _| {
        Cell::new(
            row.address
                .clone()
                .unwrap_or_else(|| units::UNKNOWN.to_owned()),
        )
    }),
    right("CREATED", "", (9, 8), |row, _, view| {
        Cell::new(view.age(row.created_at))
    }),
    right("SEEN", "", (9, 6), |row, _, view| {
        Cell::new(view.age(row.last_seen_at))
    }),
];

impl Listing for Sessions {
    type Row = AccountSession;

    fn noun(&self) -> &'static str {
        "sign-ins"
    }

    fn columns(&self) -> &'static [Column<AccountSession>] {
        SESSIONS
    }

    fn schema(&self) -> &'static Schema {
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(format!("{PATH}/{}/sessions", self.user))
    }

    fn id(&self, row: &AccountSession) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &AccountSession) -> Object {
        Object::Session {
            user: self.user,
            session: row.clone(),
        }
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn open(&self, _: &AccountSession) -> Option<Place> {
        None
    }
}

/// The documents of a user, without their names and their text.
struct Documents {
    user: i64,
}

static DOCUMENTS: &[Column<AccountDocument>] = &[
    right("ID", "", (9, 8), |row, _, _| Cell::new(row.id.to_string())),
    right("STORE", "", (9, 8), |row, _, _| {
        Cell::new(row.store_id.to_string())
    }),
    left("STATUS", "", (14, 10), |row, _, _| {
        let role = if row.status == "ERROR" {
            Role::Bad
        } else {
            Role::Plain
        };
        Cell::role(row.status.clone(), role)
    }),
    right("BYTES", "", (10, 10), |row, _, _| {
        Cell::new(units::bytes(row.size_bytes.unsigned_abs()))
    }),
    right("AGE", "", (6, 6), |row, _, view| {
        Cell::new(view.age(row.created_at))
    }),
    right("DELETED", "", (9, 9), |row, _, view| {
        Cell::new(view.age_or(row.deleted_at))
    }),
];

impl Listing for Documents {
    type Row = AccountDocument;

    fn noun(&self) -> &'static str {
        "documents"
    }

    fn columns(&self) -> &'static [Column<AccountDocument>] {
        DOCUMENTS
    }

    fn schema(&self) -> &'static Schema {
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(format!("{PATH}/{}/documents", self.user))
    }

    fn id(&self, row: &AccountDocument) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &AccountDocument) -> Object {
        Object::Document(row.clone())
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn open(&self, _: &AccountDocument) -> Option<Place> {
        None
    }
}
