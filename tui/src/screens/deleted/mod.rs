//! Deleted stores that can come back.

use api::console::DeletedStore;
use api::filter::Schema;

use super::Screen;
use super::list::Listing;
use super::list_screen::{Frame, ListScreen};
use crate::acts::nouns::{NO_FIELDS, Noun, read_rows};
use crate::acts::{Act, Call, Done, Draft, On, Plan, Refusal, fits_all};
use crate::client::{Reply, Request};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/system/deleted";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "deleted",
    help: "deleted stores that can come back",
    find: |_| Request::get(PATH).with("limit", "200"),
    read: |reply| read_rows(reply, Object::Store),
    list: Some(PATH),
    schema: &NO_FIELDS,
    acts: ACTS,
};

static ACTS: &[&Act] = &[&RESTORE];

static RESTORE: Act = Act {
    noun: "deleted",
    verb: "restore",
    key: Some('R'),
    label: "restore",
    help: "brings a store back, with what was deleted with it",
    on: On::One,
    writes: true,
    fields: &[],
    fits: fits_all,
    plan: |draft| {
        let Object::Store(store) = draft.first()? else {
            return Err(Refusal::new("choose a store first"));
        };
        let request = Request::post(format!("/api/stores/{}/restore", store.id));
        let done = |draft: &Draft, _: &Reply| {
            let name = draft.objects.first().map(Object::name).unwrap_or_default();
            Ok(Done::new(format!("{name} is back")))
        };
        Ok(Plan::Send(Call::new(request, done)))
    },
};

static COLUMNS: &[Column<DeletedStore>] = &[
    right("STORE", "", (8, 8), |row, _, _| {
        Cell::new(row.id.to_string())
    }),
    left("OWNER", "", (34, 26), |row, _, _| {
        Cell::new(
            row.owner_email
                .clone()
                .unwrap_or_else(|| row.owner_id.to_string()),
        )
    }),
    right("DOCUMENTS", "", (10, 9), |row, _, _| {
        Cell::new(units::count_i(row.documents))
    }),
    right("BYTES", "", (10, 9), |row, _, _| {
        Cell::new(units::bytes(row.size_bytes.unsigned_abs()))
    }),
    right("DELETED", "", (9, 8), |row, _, view| {
        Cell::new(view.age(row.deleted_at))
    }),
    right("GONE IN", "", (9, 8), |row, _, view| match row.purged_at {
        Some(at) => Cell::role(view.until(at), Role::Warn),
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
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn id(&self, row: &DeletedStore) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &DeletedStore) -> Object {
        Object::Store(row.clone())
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn open(&self, _: &DeletedStore) -> Option<Place> {
        None
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
