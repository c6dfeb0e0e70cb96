//! Several lists in the place of one, for details: Tab goes from one to the next.

use api::console::FeedEvent;
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::AnyList;
use super::{Cx, View};
use crate::keys::Command;
use crate::theme::Role;
use crate::widgets::line::{self, Part};

/// One of the lists.
pub struct Pane {
    pub name: &'static str,
    pub list: Box<dyn AnyList>,
}

/// A list with its name.
pub fn pane(name: &'static str, list: impl AnyList + 'static) -> Pane {
    Pane {
        name,
        list: Box::new(list),
    }
}

/// The lists, and which one is shown. Only that one asks the server and hears the feed.
pub struct Panes {
    panes: Vec<Pane>,
    at: usize,
}

impl Panes {
    /// In the order of Tab.
    pub fn new(panes: Vec<Pane>) -> Panes {
        Panes { panes, at: 0 }
    }

    pub fn len(&self) -> usize {
        self.panes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.panes.is_empty()
    }

    /// One more, after the others.
    pub fn add(&mut self, pane: Pane) {
        self.panes.push(pane);
    }

    /// The list that is shown.
    pub fn list(&self) -> Option<&dyn AnyList> {
        self.panes.get(self.at).map(|pane| pane.list.as_ref())
    }

    pub fn list_mut(&mut self) -> Option<&mut dyn AnyList> {
        match self.panes.get_mut(self.at) {
            Some(pane) => Some(pane.list.as_mut()),
            None => None,
        }
    }

    pub fn reload(&mut self, cx: &mut Cx) {
        if let Some(list) = self.list_mut() {
            list.reload(cx);
        }
    }

    /// Turns to another list, or lets the shown one have the key.
    pub fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::PaneNext | Command::TabRight => self.turn(1, cx),
            Command::PanePrevious | Command::TabLeft => self.turn(-1, cx),
            _ => {
                return self
                    .list_mut()
                    .is_some_and(|list| list.command(command, cx));
            }
        }
        true
    }

    fn turn(&mut self, by: isize, cx: &mut Cx) {
        let count = isize::try_from(self.panes.len()).unwrap_or(1).max(1);
        let at = isize::try_from(self.at).unwrap_or(0);
        self.at = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
        self.reload(cx);
    }

    pub fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if let Some(list) = self.list_mut() {
            list.feed(event, cx);
        }
    }

    pub fn mouse(&mut self, event: MouseEvent, cx: &mut Cx) {
        if let Some(list) = self.list_mut() {
            list.mouse(event, cx);
        }
    }

    /// The names on the first line, the list below.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let names = line::row(area, 0);
        let mut parts: Vec<Part> = Vec::new();
        for (at, pane) in self.panes.iter().enumerate() {
            parts.push(if at == self.at {
                (Role::Title, format!("[{}]", pane.name))
            } else {
                (Role::Muted, format!(" {} ", pane.name))
            });
        }
        line::parts(buffer, names, &parts, view);
        if let Some(list) = self.list() {
            let below = Rect {
                y: area.y + 1,
                height: area.height.saturating_sub(1),
                ..area
            };
            list.draw(below, buffer, view);
            line::right(buffer, names, &[(Role::Muted, list.status(view))], view);
        }
    }
}
