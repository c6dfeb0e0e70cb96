//! Retention: what will be deleted next, what would change?

pub mod acts;
mod columns;

use api::console::{
    FeedEvent, RetentionClass, RetentionClasses, RetentionForecast, RetentionPreview, Topic,
};
use api::filter::Schema;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::table::Column;

/// The list's address.
pub const PATH: &str = "/api/admin/retention";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "retention",
    help: "how long each class of data is kept, and what goes next",
    find: |_| Request::get(PATH),
    read: |reply| {
        let all: RetentionClasses = reply.decode()?;
        let objects = all.items.into_iter();
        Ok(objects
            .map(|class| Object::Class(Box::new(class)))
            .collect())
    },
    list: Some(PATH),
    schema: &NO_FIELDS,
    acts: acts::ACTS,
};

/// A class with what the next sweep would take of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Line {
    #[serde(flatten)]
    pub class: RetentionClass,
    #[serde(default)]
    pub forecast: Option<RetentionForecast>,
}

/// The classes, and the last preview.
#[derive(Debug, Default)]
pub struct Retention {
    preview: Option<RetentionPreview>,
}

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(ListScreen::new(Retention::default(), ""))
}

impl Retention {
    fn forecast(&self, class: &str) -> Option<&RetentionForecast> {
        let items = &self.preview.as_ref()?.items;
        items.iter().find(|forecast| forecast.class == class)
    }
}

impl Listing for Retention {
    type Row = Line;

    fn noun(&self) -> &'static str {
        "classes"
    }

    fn columns(&self) -> &'static [Column<Line>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &NO_FIELDS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn id(&self, row: &Line) -> String {
        row.class.class.clone()
    }

    fn object(&self, row: &Line) -> Object {
        Object::Class(Box::new(row.class.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, _: &Line) -> Option<Place> {
        Some(Place::RetentionRuns)
    }

    fn change(&self, event: &FeedEvent) -> Change<Line> {
        match event {
            FeedEvent::Retention(_) => Change::Reload,
            FeedEvent::Lost(lost) if lost.topic == Topic::Retention => Change::Reload,
            _ => Change::None,
        }
    }

    fn page(&self, reply: &Reply) -> Result<(Vec<Line>, Option<String>), Failure> {
        let all: RetentionClasses = reply.decode()?;
        let lines = all.items.into_iter().map(|class| Line {
            forecast: self.forecast(&class.class).cloned(),
            class,
        });
        Ok((lines.collect(), None))
    }
}

impl Frame for Retention {
    fn place(&self, _: &str) -> Place {
        Place::Retention
    }

    fn title(&self) -> String {
        "Retention".to_owned()
    }

    fn remark(&self, view: &View) -> String {
        match &self.preview {
            Some(preview) => format!(
                "preview of {} ({} old)",
                units::clock(preview.at),
                view.age(preview.at)
            ),
            None => "no preview yet".to_owned(),
        }
    }

    fn ask(&mut self, cx: &mut Cx) {
        cx.fetch("preview", Request::get(format!("{PATH}/preview")));
    }

    /// The list is read again with the forecasts in it.
    fn answered(&mut self, part: &'static str, reply: Reply, _: &mut Cx) -> bool {
        if part == "preview" {
            self.preview = reply.decode().ok();
        }
        self.preview.is_some()
    }

    fn foot_height(&self, _: Rect) -> u16 {
        3
    }

    fn draw_foot(&self, row: Option<&Line>, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(row) = row else { return };
        let class = &row.class;
        let days = class
            .days
            .map_or_else(|| "keep".to_owned(), |days| format!("{days} days"));
        let title = format!("{}: {days}", class.class);
        line::rule(buffer, line::row(area, 0), &title, view);
        let parts: Vec<Part> = match &row.forecast {
            Some(forecast) => vec![(
                Role::Plain,
                format!(
                    " next run deletes {} rows, {} files, {}, of {} users. Held back: {} rows.",
                    units::count_i(forecast.rows),
                    units::count_i(forecast.blobs),
                    units::bytes(forecast.bytes.unsigned_abs()),
                    units::count_i(forecast.users),
                    units::count_i(forecast.held_back)
                ),
            )],
            None => vec![(Role::Muted, " no preview of this class".to_owned())],
        };
        line::parts(buffer, line::row(area, 1), &parts, view);
        if let Some(run) = &class.last_run {
            let text = format!(
                " last run {} ago: {}, {} rows, {} files, {}",
                view.age(run.started_at),
                run.outcome,
                units::count_i(run.rows),
                units::count_i(run.blobs),
                units::bytes(run.bytes.unsigned_abs())
            );
            line::text(buffer, line::row(area, 2), &text, Role::Muted, view);
        }
    }
}
