//! The ledger: every charge, the newest first.

mod foot;

use api::console::LedgerEntry;
use api::filter::{LEDGER, Schema};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::Listing;
use super::list_screen::{Frame, ListScreen};
use super::{Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{Noun, phrase, read_rows};
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
    left("WHEN", "id", (19, 19), |row, _, _| {
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
    left("MODEL", "", (20, 14), |row, _, _| {
        or_unknown(row.model.as_ref())
    }),
    right("IN", "", (8, 0), |row, _, _| tokens(row.tokens_in)),
    right("OUT", "", (8, 0), |row, _, _| tokens(row.tokens_out)),
    right("UNITS", "", (13, 0), |row, _, _| {
        match (row.units, &row.unit) {
            (Some(units), Some(unit)) => Cell::new(format!("{} {unit}", units::count_i(units))),
            _ => Cell::new(""),
        }
    }),
    right("COST", "amount", (12, 11), |row, _, _| {
        Cell::new(units::money_fine(row.amount_nanos))
    }),
    left("FOR", "", (12, 12), |row, width, _| {
        let what = match (&row.job_id, &row.stream_id) {
            (Some(job), _) => format!("job {job}"),
            (None, Some(stream)) => format!("stream {stream}"),
            (None, None) => String::new(),
        };
        Cell::new(cut_middle(&what, usize::from(width)))
    }),
];

/// The ledger: of everybody, or as a pane of what a user or a stream was charged for.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Always in the filter.
    term: String,
}

impl Ledger {
    /// The charges of one user.
    pub fn of_user(id: i64) -> Ledger {
        Ledger {
            term: format!("user:{id}"),
        }
    }

    /// The charges of one answer.
    pub fn of_stream(id: &str) -> Ledger {
        Ledger {
            term: format!("stream:{}", phrase(id)),
        }
    }
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
        self.term.clone()
    }

    fn count(&self) -> Option<Request> {
        Some(Request::get(format!("{PATH}/count")))
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
        match (&row.job_id, &row.stream_id) {
            (Some(id), _) => Some(Place::Job { id: id.clone() }),
            (None, Some(id)) => Some(Place::Stream { id: id.clone() }),
            (None, None) => None,
        }
    }

    fn empty(&self, filtered: bool) -> String {
        match (self.term.is_empty(), filtered) {
            (false, _) => "Nothing was charged.".to_owned(),
            (true, true) => "No charges match. Esc clears the filter.".to_owned(),
            (true, false) => "Nothing was charged yet.".to_owned(),
        }
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

    fn foot_height(&self, area: Rect) -> u16 {
        if area.height >= 12 { foot::HEIGHT } else { 0 }
    }

    fn draw_foot(&self, row: Option<&LedgerEntry>, area: Rect, buffer: &mut Buffer, view: &View) {
        if let Some(entry) = row {
            foot::draw(entry, area, buffer, view);
        }
    }
}
