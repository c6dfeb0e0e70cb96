//! Deleted stores that can come back.

pub mod acts;

use api::console::DeletedStore;
use api::filter::{DELETED, Schema};

use super::Screen;
use super::list::Listing;
use super::list_screen::{Frame, ListScreen};
use crate::acts::Act;
use crate::acts::nouns::{Noun, phrase, read_rows};
use crate::client::Request;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/deleted";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "deleted",
    help: "deleted stores that can come back",
    find: |named| Request::get(PATH).with("filter", format!("id:{}", phrase(named))),
    read: |reply| read_rows(reply, Object::Store),
    list: Some(PATH),
    schema: &DELETED,
    acts: acts::ACTS,
};

/// Whose it is.
fn owner(row: &DeletedStore) -> String {
    row.owner_email
        .clone()
        .unwrap_or_else(|| format!("user {}", row.owner_id))
}

/// What is gone so soon is marked.
const SOON_S: i64 = 3 * 86_400;

static COLUMNS: &[Column<DeletedStore>] = &[
    right("STORE", "id", (8, 8), |row, _, _| {
        Cell::new(row.id.to_string())
    }),
    left("OWNER", "", (34, 26), |row, _, _| Cell::new(owner(row))),
    right("DOCUMENTS", "", (10, 9), |row, _, _| {
        Cell::new(units::count_i(row.documents))
    }),
    right("BYTES", "", (10, 9), |row, _, _| {
        Cell::new(units::bytes(row.size_bytes.unsigned_abs()))
    }),
    right("DELETED", "deleted", (9, 8), |row, _, view| {
        Cell::new(view.age(row.deleted_at))
    }),
    right("GONE IN", "", (9, 8), |row, _, view| match row.purged_at {
        Some(at) if (at - view.server_time()).num_seconds() < SOON_S => {
            Cell::role(format!("{} !", view.until(at)), Role::Warn)
        }
        Some(at) => Cell::new(view.until(at)),
        None => Cell::new("kept"),
    }),
];

/// The list of deleted stores.
pub struct Deleted;

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(Deleted, ""))
}

impl Listing for Deleted {
    type Row = DeletedStore;

    fn noun(&self) -> &'static str {
        "deleted stores"
    }

    fn columns(&self) -> &'static [Column<DeletedStore>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &DELETED
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn count(&self) -> Option<Request> {
        Some(Request::get(format!("{PATH}/count")))
    }

    fn id(&self, row: &DeletedStore) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &DeletedStore) -> Object {
        Object::Store(row.clone())
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, row: &DeletedStore) -> Option<Place> {
        Some(Place::User { id: row.owner_id })
    }

    fn empty(&self, filtered: bool) -> String {
        if filtered {
            "No deleted stores match. Esc clears the filter.".to_owned()
        } else {
            "No deleted stores: nothing can be brought back.".to_owned()
        }
    }
}

impl Frame for Deleted {
    fn place(&self, _: &str) -> Place {
        Place::DeletedStores
    }

    fn title(&self) -> String {
        "System > Deleted stores".to_owned()
    }
}
