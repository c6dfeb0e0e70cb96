//! One class of data: how long it is kept, what goes next, and its runs.

use api::console::{FeedEvent, RetentionClass, RetentionClasses, RetentionPreview};
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::List;
use super::loaded::Loaded;
use super::retention::acts::ACTS;
use super::retention::{PATH, kept, last_run, next_run};
use super::runs::Runs;
use super::{Chosen, Cx, Filtering, Screen, View};
use crate::acts::Act;
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// Lines above the runs: four facts with their heading, and the heading of the runs.
const HEAD: u16 = 7;
/// A class that is being swept is read again at most this often.
const FOLLOW_MS: u64 = 2_000;

/// The screen.
pub struct ClassScreen {
    name: String,
    class: Loaded<RetentionClass>,
    preview: Loaded<RetentionPreview>,
    runs: List<Runs>,
}

/// The screen of a class.
pub fn screen(class: &str) -> Box<dyn Screen> {
    let runs = Runs {
        class: Some(class.to_owned()),
    };
    Box::new(ClassScreen {
        name: class.to_owned(),
        class: Loaded::default(),
        preview: Loaded::default(),
        runs: List::new(runs, ""),
    })
}

impl ClassScreen {
    fn ask(&mut self, after_ms: u64, cx: &mut Cx) {
        self.class.asked(cx.now);
        cx.fetch_after("class", Request::get(PATH), after_ms);
        self.preview.asked(cx.now);
        let preview = Request::get(format!("{PATH}/preview")).with("classes", self.name.clone());
        cx.fetch_after("preview", preview, after_ms);
    }

    /// The class among all of them.
    fn found(&self, outcome: Result<Reply, Failure>) -> Result<RetentionClass, Failure> {
        let all: RetentionClasses = outcome.and_then(|reply| reply.decode())?;
        all.items
            .into_iter()
            .find(|class| class.class == self.name)
            .ok_or_else(|| Failure::Pointless(format!("there is no class {}", self.name)))
    }

    fn draw_facts(&self, class: &RetentionClass, area: Rect, buffer: &mut Buffer, view: &View) {
        let title = format!("{}: {}", class.class, kept(class));
        line::rule(buffer, line::row(area, 0), &title, view);
        let number =
            |count: Option<i64>| count.map_or_else(|| units::UNKNOWN.to_owned(), units::count_i);
        let bytes = class.bytes.map_or_else(
            || units::UNKNOWN.to_owned(),
            |bytes| units::bytes(bytes.unsigned_abs()),
        );
        let dot = view.glyphs.dot;
        let there = format!(
            " {} rows {dot} {} files {dot} {bytes} {dot} oldest {}",
            number(class.rows),
            number(class.blobs),
            view.age_or(class.oldest_at)
        );
        line::text(
            buffer,
            line::row(area, 1),
            &there,
            view.live(Role::Plain),
            view,
        );
        let forecast = self.preview.value().and_then(|preview| {
            let mut items = preview.items.iter();
            items.find(|forecast| forecast.class == self.name)
        });
        line::parts(buffer, line::row(area, 2), &next_run(forecast), view);
        line::parts(buffer, line::row(area, 3), &last_run(class, view), view);
        if let Some(preview) = self.preview.value() {
            let age = view.age(preview.at);
            let text = format!(
                " preview of {} ({age} old)  r again",
                units::clock(preview.at)
            );
            line::text(buffer, line::row(area, 4), &text, Role::Muted, view);
        }
    }
}

impl Screen for ClassScreen {
    fn place(&self) -> Place {
        Place::RetentionClass {
            class: self.name.clone(),
        }
    }

    fn crumbs(&self) -> String {
        format!("Retention > {}", self.name)
    }

    fn status(&self, _: &View) -> String {
        self.class.value().map(kept).unwrap_or_default()
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.ask(0, cx);
        self.runs.reload(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::Refresh => self.enter(cx),
            Command::Mark | Command::Range | Command::MarkAll => {
                cx.toast("acts here are on the class; classes are marked in Retention");
            }
            _ => return self.runs.command(command, cx),
        }
        true
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        match part {
            "class" => {
                let found = self.found(outcome);
                self.class.told(found, cx.now);
            }
            "preview" => self.preview.answered(outcome, cx.now),
            _ => {
                self.runs.answer(part, outcome, cx);
            }
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if let FeedEvent::Retention(run) = event
            && run.class == self.name
            && !cx.frozen
        {
            self.ask(FOLLOW_MS, cx);
        }
        self.runs.feed(event, cx);
    }

    fn tick(&mut self, cx: &mut Cx) {
        if self.class.is_due(cx.now) || self.preview.is_due(cx.now) {
            self.ask(0, cx);
        }
        self.runs.retry(cx);
    }

    fn chosen(&self) -> Chosen {
        let class = self.class.value().cloned();
        Chosen {
            objects: class
                .map(|class| Object::Class(Box::new(class)))
                .into_iter()
                .collect(),
            ..Chosen::default()
        }
    }

    fn opens(&self) -> bool {
        self.runs.opens()
    }

    fn filtering(&self) -> Option<Filtering<'_>> {
        Some(Filtering {
            text: self.runs.filter(),
            schema: &api::filter::RUNS,
        })
    }

    fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx) {
        self.runs.set_filter(text, typing, cx);
    }

    fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        self.runs.sorts()
    }

    fn sort_by(&mut self, field: &'static str, cx: &mut Cx) {
        self.runs.sort_by(field, cx);
    }

    fn export(&self) -> Option<Request> {
        Some(self.runs.export())
    }

    fn mouse(&mut self, event: MouseEvent, _: Rect, cx: &mut Cx) {
        self.runs.mouse(event, cx);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let head = Rect {
            height: HEAD.min(area.height),
            ..area
        };
        let head = self.class.draw_notice(head, buffer, view);
        if let Some(class) = self.class.value() {
            self.draw_facts(class, head, buffer, view);
        }
        let title = line::row(area, HEAD - 1);
        line::rule(buffer, title, "Runs", view);
        let status: [Part; 1] = [(Role::Muted, format!(" {}", self.runs.status(view)))];
        line::right(buffer, title, &status, view);
        let below = Rect {
            y: area.y + HEAD.min(area.height),
            height: area.height.saturating_sub(HEAD),
            ..area
        };
        self.runs.draw(below, buffer, view);
    }
}
