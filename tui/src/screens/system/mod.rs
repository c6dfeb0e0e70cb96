//! System: is the machinery right? Versions, stores, processes, settings.

pub mod acts;
mod panels;

use api::console::{FeedEvent, System};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{NO_FIELDS, Noun};
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

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
    system: Option<System>,
    failure: Option<Failure>,
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
        match &self.system {
            Some(system) => format!("System | {}", system.environment),
            None => "System".to_owned(),
        }
    }

    fn status(&self, view: &View) -> String {
        let Some(system) = &self.system else {
            return String::new();
        };
        let differ = system
            .settings
            .iter()
            .filter(|setting| setting.differs)
            .count();
        let dot = view.glyphs.dot;
        let migrations = &system.migrations;
        let schema = match migrations.pending {
            0 => format!("schema {}", migrations.newest),
            pending => format!("! {pending} migrations pending"),
        };
        format!(
            "{} processes {dot} {schema} {dot} {differ} settings differ",
            system.processes.len()
        )
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        cx.fetch("system", Request::get(PATH));
    }

    fn command(&mut self, command: Command, _: &mut Cx) -> bool {
        let last = self
            .system
            .as_ref()
            .map_or(0, |system| system.settings.len().saturating_sub(1));
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

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, _: &mut Cx) {
        match outcome.and_then(|reply| reply.decode()) {
            Ok(system) => {
                self.system = Some(system);
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn feed(&mut self, _: &FeedEvent, _: &mut Cx) {}

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        match (&self.system, &self.failure) {
            (_, Some(failure)) => {
                let text = format!("  could not load: {failure}  r now");
                line::text(buffer, line::row(area, 0), &text, Role::Bad, view);
            }
            (Some(system), None) => panels::draw(system, self.top, area, buffer, view),
            (None, None) => {
                line::text(
                    buffer,
                    line::row(area, 0),
                    "  loading...",
                    Role::Muted,
                    view,
                );
            }
        }
    }
}
