//! Screens: what they know of the console, and what the console wants of them.

pub mod alarms;
pub mod audit;
pub mod audit_entry;
pub mod budgets;
pub mod deleted;
pub mod help;
pub mod job;
pub mod jobs;
pub mod ledger;
pub mod list;
pub mod list_screen;
mod loaded;
mod opened;
pub mod overview;
pub mod panes;
pub mod providers;
pub mod retention;
pub mod retention_class;
pub mod runs;
pub mod settings;
pub mod stream;
pub mod streams;
pub mod system;
pub mod user;
pub mod users;
mod view;

pub use opened::open;
pub use view::{Typing, View};

use std::path::PathBuf;

use api::console::{FeedEvent, Snapshot};
use api::filter::Schema;
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, ExportFormat};
use crate::acts::{Act, Everything, Values};
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::message::{Now, Owner, Slot};
use crate::mirror::Mirror;
use crate::object::Object;
use crate::place::Place;

/// What a screen asks of the console, apart from actions of the runtime.
#[derive(Debug)]
pub enum Wish {
    Go(Place),
    /// Shows another place instead of this.
    Replace(Place),
    /// Back to the screen before, and that act there.
    Behind(&'static Act),
    /// The house as the server tells it now.
    Picture(Box<Snapshot>),
    Toast {
        text: String,
        bad: bool,
    },
}

/// What a screen may see and do while it handles something.
pub struct Cx<'a> {
    pub now: Now,
    pub mirror: &'a Mirror,
    /// Whether nothing may move.
    pub frozen: bool,
    /// What can be done on the screen that this one was opened from.
    pub behind: &'static [&'static Act],
    /// Number of the screen in this run.
    pub number: u64,
    pub actions: &'a mut Vec<Action>,
    pub wishes: &'a mut Vec<Wish>,
    /// Counts every question of this run, so that late answers are known as late.
    pub generation: &'a mut u64,
}

impl Cx<'_> {
    /// Asks the server. The answer comes to [`Screen::answer`] with `part`, unless a newer question
    /// of the same part replaces it.
    pub fn fetch(&mut self, part: &'static str, request: Request) {
        self.fetch_after(part, request, 0);
    }

    /// Asks the server after a pause.
    pub fn fetch_after(&mut self, part: &'static str, request: Request, after_ms: u64) {
        *self.generation += 1;
        self.actions.push(Action::Fetch {
            slot: self.slot(part),
            generation: *self.generation,
            request,
            after_ms,
        });
    }

    /// Nobody waits for that answer any more.
    pub fn cancel(&mut self, part: &'static str) {
        let slot = self.slot(part);
        self.actions.push(Action::Cancel(slot));
    }

    fn slot(&self, part: &'static str) -> Slot {
        Slot {
            owner: Owner::Screen(self.number),
            part,
        }
    }

    pub fn go(&mut self, place: Place) {
        self.wishes.push(Wish::Go(place));
    }

    pub fn toast(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.wishes.push(Wish::Toast { text, bad: false });
    }
}

/// What an act would be done to now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// The marked rows, else the row under the cursor, else what the screen is about.
    pub objects: Vec<Object>,
    /// Every row that matches, when all are marked.
    pub everything: Option<Everything>,
    pub marked: usize,
    /// What the row says already of what the act has to be told.
    pub told: Values,
}

/// How a screen filters.
#[derive(Clone, Copy, Debug)]
pub struct Filtering<'a> {
    pub text: &'a str,
    pub schema: &'static Schema,
}

/// A screen. Its state changes only in `enter`, `command`, `answer` and `feed`.
pub trait Screen {
    fn place(&self) -> Place;

    /// The crumbs of line 2, from the left.
    fn crumbs(&self) -> String;

    /// What stands at the right of line 2.
    fn status(&self, view: &View) -> String;

    /// Where its keys are looked up, besides everywhere.
    fn keys(&self) -> &'static [Where] {
        &[Where::List]
    }

    /// What can be done here, in the order of the footer.
    fn acts(&self) -> &'static [&'static Act];

    /// It is shown: for the first time, again, or refreshed.
    fn enter(&mut self, cx: &mut Cx);

    /// A key of the table; whether it meant something here.
    fn command(&mut self, command: Command, cx: &mut Cx) -> bool;

    /// An answer to a question of its own.
    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx);

    /// An event of the feed, after the mirror took it.
    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx);

    /// An act changed these, or something like them.
    fn acted(&mut self, cx: &mut Cx) {
        self.enter(cx);
    }

    fn chosen(&self) -> Chosen {
        Chosen::default()
    }

    /// What this act would be done to, where that differs from act to act.
    fn chosen_for(&self, _act: &'static Act) -> Chosen {
        self.chosen()
    }

    /// Whether Enter opens something.
    fn opens(&self) -> bool {
        true
    }

    /// How many panes Tab turns through.
    fn panes(&self) -> usize {
        0
    }

    fn filtering(&self) -> Option<Filtering<'_>> {
        None
    }

    /// Takes a filter that was read well; `typing` while it is still being written.
    fn set_filter(&mut self, _text: &str, _typing: bool, _cx: &mut Cx) {}

    /// The columns that it can be sorted by: letter, title, field.
    fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        Vec::new()
    }

    fn sort_by(&mut self, _field: &'static str, _cx: &mut Cx) {}

    /// The list to export.
    fn export(&self) -> Option<Request> {
        None
    }

    fn mouse(&mut self, _event: MouseEvent, _area: Rect, _cx: &mut Cx) {}

    /// Time passed: asks again for what failed.
    fn tick(&mut self, _cx: &mut Cx) {}

    /// The part of `body` that a form may cover, where the screen shows what the form would change.
    fn stage(&self, body: Rect) -> Rect {
        body
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View);
}

/// Where an export goes when nothing is said.
pub fn export_path(noun: &str, now: Now, format: ExportFormat) -> PathBuf {
    let ending = match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
    };
    let stamp = now.utc.format("%Y%m%d-%H%M%S");
    PathBuf::from(format!("binnacle-{noun}-{stamp}.{ending}"))
}
