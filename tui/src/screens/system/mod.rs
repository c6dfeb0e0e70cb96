//! System: is the machinery right? Versions, stores, processes, settings.

pub mod acts;
mod panels;

use api::console::{FeedEvent, System};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::loaded::Loaded;
use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::place::Place;

const PATH: &str = "/api/admin/system";

/// The shell's noun: one thing, shown whole.
pub static NOUN: Noun = Noun {
    name: "system",
    help: "checks, processes, stores and settings in force",
    find: |_| Request::get(PATH),
    read: |_| Ok(Vec::new()),
    list: None,
    schema: &NO_FIELDS,
    acts: acts::ACTS,
};

/// The screen.
#[derive(Debug, Default)]
pub struct SystemScreen {
    system: Loaded<System>,
    /// The first setting that is shown.
    top: usize,
}

pub fn screen() -> Box<dyn Screen> {
    Box::new(SystemScreen::default())
}

impl Screen for SystemScreen {
    fn place(&self) -> Place {
        Place::System
    }

    fn crumbs(&self) -> String {
        match self.system.value() {
            Some(system) => format!("System | {}", system.environment),
            None => "System".to_owned(),
        }
    }

    fn status(&self, view: &View) -> String {
        let Some(system) = self.system.value() else {
            return String::new();
        };
        let differ = system
            .settings
            .iter()
            .filter(|setting| setting.differs)
            .count();
        let schema = match system.migrations.pending {
            0 => "schema current".to_owned(),
            pending => format!("! {pending} migrations pending"),
        };
        format!("{schema} {} {differ} settings differ", view.glyphs.dot)
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.system.asked(cx.now);
        cx.fetch("system", Request::get(PATH));
    }

    fn command(&mut self, command: Command, _: &mut Cx) -> bool {
        let settings = self
            .system
            .value()
            .map_or(0, |system| system.settings.len());
        let last = settings.saturating_sub(1);
        self.top = match command {
            Command::Up => self.top.saturating_sub(1),
            Command::Down => (self.top + 1).min(last),
            Command::PageUp => self.top.saturating_sub(16),
            Command::PageDown => (self.top + 16).min(last),
            Command::Home => 0,
            Command::End => last,
            _ => return false,
        };
        true
    }

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        self.system.answered(outcome, cx.now);
    }

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn tick(&mut self, cx: &mut Cx) {
        if self.system.is_due(cx.now) {
            self.enter(cx);
        }
    }

    fn opens(&self) -> bool {
        false
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let area = self.system.draw_notice(area, buffer, view);
        if let Some(system) = self.system.value() {
            panels::draw(system, self.top, area, buffer, view);
        }
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::List]
    }
}
