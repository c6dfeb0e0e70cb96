//! The ledger: every charge, the newest first.

use api::console::LedgerEntry;
use api::filter::{LEDGER, Schema};

use super::Screen;
use super::list::Listing;
use super::list_screen::{Frame, ListScreen};
use crate::acts::Act;
use crate::acts::nouns::{Noun, read_rows};
use crate::client::Request;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::text::width::cut_middle;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/ledger";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "ledger",
    help: "every charge",
    find: |named| Request::get(PATH).with("filter", format!("id:{named}")),
    read: |reply| read_rows(reply, |entry: LedgerEntry| Object::Charge(Box::new(entry))),
    list: Some(PATH),
    schema: &LEDGER,
    acts: &[],
};

fn or_unknown(text: Option<&String>) -> Cell {
    Cell::new(text.map_or(units::UNKNOWN, String::as_str))
}

fn tokens(count: Option<i64>) -> Cell {
    Cell::new(count.map_or_else(|| units::UNKNOWN.to_owned(), units::count_i))
}

static COLUMNS: &[Column<LedgerEntry>] = &[
    left("WHEN", "", (19, 19), |row, _, _| {
        Cell::new(units::moment(row.at))
    }),
    right("USER", "", (6, 0), |row, _, _| {
        Cell::new(
            row.user_id
                .map_or_else(|| "erased".to_owned(), |id| id.to_string()),
        )
    }),
    left("KIND", "", (12, 10), |row, _, _| {
        Cell::new(row.kind.clone())
    }),
    left("MODEL", "", (22, 14), |row, _, _| {
        or_unknown(row.model.as_ref())
    }),
    right("IN", "", (8, 0), |row, _, _| tokens(row.tokens_in)),
    right("OUT", "", (8, 0), |row, _, _| tokens(row.tokens_out)),
    right("UNITS", "", (12, 0), |row, _, _| {
        match (row.units, &row.unit) {
            (Some(units), Some(unit)) => Cell::new(format!("{} {unit}", units::count_i(units))),
            _ => Cell::new(""),
        }
    }),
    right("COST", "amount", (12, 11), |row, _, _| {
        Cell::new(units::money_fine(row.amount_nanos))
    }),
    left("FOR", "", (14, 12), |row, width, _| {
        let what = match (&row.job_id, &row.stream_id) {
            (Some(job), _) => format!("job {job}"),
            (None, Some(stream)) => format!("stream {stream}"),
            (None, None) => String::new(),
        };
        Cell::new(cut_middle(&what, usize::from(width)))
    }),
];

/// The ledger: of everybody, or of one user as a pane.
#[derive(Debug, Default)]
pub struct Ledger {
    pub user: Option<i64>,
}

/// The screen.
pub fn screen(filter: &str) -> Box<dyn Screen> {
    Box::new(ListScreen::new(Ledger::default(), filter))
}

impl Listing for Ledger {
    type Row = LedgerEntry;

    fn noun(&self) -> &'static str {
        "charges"
    }

    fn columns(&self) -> &'static [Column<LedgerEntry>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &LEDGER
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn own_term(&self) -> String {
        self.user
            .map_or_else(String::new, |id| format!("user:{id}"))
    }

    fn id(&self, row: &LedgerEntry) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &LedgerEntry) -> Object {
        Object::Charge(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn open(&self, row: &LedgerEntry) -> Option<Place> {
        row.job_id.as_ref().map(|id| Place::Job { id: id.to_string() })
    }
}

impl Frame for Ledger {
    fn place(&self, filter: &str) -> Place {
        Place::Ledger {
            filter: filter.to_owned(),
        }
    }

    fn title(&self) -> String {
        "Budgets > Ledger".to_owned()
    }
}
