//! The sweeps of retention, the newest first.

use api::console::{FeedEvent, RetentionRun, RunOutcome, Topic};
use api::filter::{RUNS, Schema};

use super::Screen;
use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use crate::acts::Act;
use crate::acts::nouns::{Noun, phrase, read_rows};
use crate::client::Request;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::table::{Cell, Column, left, right};

const PATH: &str = "/api/admin/retention/runs";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "runs",
    help: "the sweeps of retention",
    find: |named| Request::get(PATH).with("filter", format!("id:{named}")),
    read: |reply| read_rows(reply, Object::Run),
    list: Some(PATH),
    schema: &RUNS,
    acts: &[],
};

static COLUMNS: &[Column<RetentionRun>] = &[
    right("ID", "id", (8, 6), |row, _, _| {
        Cell::new(row.id.to_string())
    }),
    left("CLASS", "", (20, 16), |row, _, _| {
        Cell::new(row.class.clone())
    }),
    left("STARTED", "", (19, 19), |row, _, _| {
        Cell::new(units::moment(row.started_at))
    }),
    right("TOOK", "", (7, 6), |row, _, view| {
        let until = row.finished_at.unwrap_or_else(|| view.server_time());
        let ms = (until - row.started_at).num_milliseconds();
        Cell::new(units::duration_ms(ms.max(0).unsigned_abs()))
    }),
    left("OUTCOME", "", (12, 11), |row, _, _| {
        Cell::role(row.outcome.word(), outcome_role(row.outcome))
    }),
    right("ROWS", "", (10, 8), |row, _, _| {
        Cell::new(units::count_i(row.rows))
    }),
    right("BLOBS", "", (8, 0), |row, _, _| {
        Cell::new(units::count_i(row.blobs))
    }),
    right("BYTES", "", (9, 0), |row, _, _| {
        Cell::new(units::bytes(row.bytes.unsigned_abs()))
    }),
    right("HELD BACK", "", (9, 0), |row, _, _| {
        Cell::new(units::count_i(row.held_back))
    }),
];

/// How a run ended, for every place that tells it.
pub fn outcome_role(outcome: RunOutcome) -> Role {
    match outcome {
        RunOutcome::Ok => Role::Ok,
        RunOutcome::Running => Role::Info,
        RunOutcome::Failed => Role::Bad,
        RunOutcome::Interrupted => Role::Warn,
    }
}

/// The sweeps: of all classes, or of one.
#[derive(Debug, Default)]
pub struct Runs {
    pub class: Option<String>,
}

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(Runs::default(), ""))
}

impl Listing for Runs {
    type Row = RetentionRun;

    fn noun(&self) -> &'static str {
        "runs"
    }

    fn columns(&self) -> &'static [Column<RetentionRun>] {
        COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &RUNS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn own_term(&self) -> String {
        self.class
            .as_ref()
            .map_or_else(String::new, |class| format!("class:{}", phrase(class)))
    }

    fn id(&self, row: &RetentionRun) -> String {
        row.id.to_string()
    }

    fn object(&self, row: &RetentionRun) -> Object {
        Object::Run(row.clone())
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn open(&self, row: &RetentionRun) -> Option<Place> {
        Some(match self.class {
            Some(_) => Place::RetentionRuns,
            None => Place::RetentionClass {
                class: row.class.clone(),
            },
        })
    }

    fn change(&self, event: &FeedEvent) -> Change<RetentionRun> {
        match event {
            FeedEvent::Retention(change)
                if self
                    .class
                    .as_ref()
                    .is_none_or(|class| *class == change.class) =>
            {
                match &change.run {
                    Some(run) => Change::Rows(vec![run.clone()]),
                    None => Change::None,
                }
            }
            FeedEvent::Lost(lost) if lost.topic == Topic::Retention => Change::Reload,
            _ => Change::None,
        }
    }

    fn empty(&self, filtered: bool) -> String {
        if filtered && self.class.is_none() {
            "No runs match. Esc clears the filter.".to_owned()
        } else {
            "Nothing was swept yet.".to_owned()
        }
    }
}

impl Frame for Runs {
    fn place(&self, _: &str) -> Place {
        Place::RetentionRuns
    }

    fn title(&self) -> String {
        "Retention > Runs".to_owned()
    }
}
