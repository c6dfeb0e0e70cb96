//! Keys and the mouse in a list.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{List, Listing, Loading, QUIET_MS};
use crate::action::Action;
use crate::keys::Command;
use crate::object::Object;
use crate::place::Place;
use crate::screens::Cx;

/// Typing a filter asks the server after this pause.
const TYPING_MS: u64 = 150;

impl<L: Listing> List<L> {
    /// A key of the table; whether it meant something here.
    pub fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let page = usize::from(self.seen.get().height.saturating_sub(2)).max(1);
        match command {
            Command::Up => self.step(-1, cx),
            Command::Down => self.step(1, cx),
            Command::PageUp => self.step(-isize::try_from(page).unwrap_or(1), cx),
            Command::PageDown => self.step(isize::try_from(page).unwrap_or(1), cx),
            Command::Home => self.jump_to_head(cx),
            Command::End => self.jump_to_tail(cx),
            Command::TabLeft => self.turn_tab(-1, cx),
            Command::TabRight => self.turn_tab(1, cx),
            Command::Open => {
                if let Some(place) = self.row().and_then(|row| self.spec.open(row)) {
                    cx.go(place);
                }
            }
            Command::Mark => {
                self.mark();
                self.step(1, cx);
            }
            Command::Range => self.mark_range(),
            Command::MarkAll => {
                self.clear_marks();
                self.all_marked = true;
            }
            Command::Owner => {
                let owner = self.row().and_then(|row| self.spec.object(row).owner());
                match owner {
                    Some(id) => cx.go(Place::User { id }),
                    None => cx.toast("this row belongs to no user"),
                }
            }
            Command::CopyId => {
                if let Some(row) = self.row() {
                    cx.actions.push(Action::Copy(self.spec.id(row)));
                }
            }
            Command::CopyRow => {
                if let Some(row) = self.row() {
                    let json = serde_json::to_string_pretty(row).unwrap_or_default();
                    cx.actions.push(Action::Copy(json));
                }
            }
            Command::Refresh => self.reload(cx),
            Command::Out => return self.step_out(cx),
            _ => return false,
        }
        true
    }

    /// Gives up a slow answer, clears the filter, then the marks; whether there was anything to do.
    fn step_out(&mut self, cx: &mut Cx) -> bool {
        if let Loading::Asked { since_ms, .. } = self.loading
            && cx.now.ms.saturating_sub(since_ms) >= QUIET_MS
        {
            cx.cancel("page");
            self.loading = Loading::Idle;
            return true;
        }
        if !self.filter.is_empty() || self.typed.is_some() {
            self.set_filter("", false, cx);
            return true;
        }
        let marked = self.all_marked || !self.marks.is_empty();
        self.clear_marks();
        marked
    }

    fn step(&mut self, by: isize, cx: &mut Cx) {
        let last = self.shown().len().saturating_sub(1);
        self.move_to(self.at.saturating_add_signed(by).min(last), cx);
    }

    fn move_to(&mut self, at: usize, cx: &mut Cx) {
        self.at = at;
        let id = self.row().map(|row| self.spec.id(row));
        self.cursor = id;
        self.follow_cursor(cx);
    }

    fn jump_to_head(&mut self, cx: &mut Cx) {
        self.at = 0;
        self.cursor = None;
        if self.tail || self.window.before() > 0 || self.fresh > 0 {
            self.tail = false;
            self.reload(cx);
        } else {
            self.move_to(0, cx);
        }
    }

    fn jump_to_tail(&mut self, cx: &mut Cx) {
        if self.window.ended() && !self.tail {
            let last = self.shown().len().saturating_sub(1);
            self.move_to(last, cx);
            return;
        }
        if !self.tail {
            self.tail = true;
            self.cursor = None;
            self.reload(cx);
        }
    }

    fn turn_tab(&mut self, by: isize, cx: &mut Cx) {
        let last = self.spec.tabs().len().saturating_sub(1);
        self.show_tab(self.tab.saturating_add_signed(by).min(last), cx);
    }

    pub(super) fn show_tab(&mut self, tab: usize, cx: &mut Cx) {
        if tab != self.tab {
            self.tab = tab;
            self.begin_again();
            self.reload(cx);
        }
    }

    fn begin_again(&mut self) {
        self.tail = false;
        self.cursor = None;
        self.at = 0;
        self.top.set(0);
        self.count = None;
        self.all_marked = false;
    }

    fn mark(&mut self) {
        let Some(object) = self.row().map(|row| self.spec.object(row)) else {
            return;
        };
        self.all_marked = false;
        let id = object.id();
        if self.marks.remove(&id) {
            self.marked.retain(|marked| marked.id() != id);
        } else {
            self.add_mark(object);
        }
        self.last_mark = Some(id);
    }

    fn add_mark(&mut self, object: Object) {
        if self.marks.insert(object.id()) {
            self.marked.push(object);
        }
    }

    fn mark_range(&mut self) {
        let objects: Vec<Object> = self
            .shown()
            .iter()
            .map(|row| self.spec.object(row))
            .collect();
        let from = self
            .last_mark
            .as_ref()
            .and_then(|last| objects.iter().position(|object| object.id() == *last))
            .unwrap_or(self.at);
        let (low, high) = (from.min(self.at), from.max(self.at));
        self.all_marked = false;
        for object in objects.into_iter().take(high + 1).skip(low) {
            self.add_mark(object);
        }
    }

    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.marked.clear();
        self.last_mark = None;
        self.all_marked = false;
    }

    /// Takes a filter that was read well.
    pub fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx) {
        if self.filter == text && self.typed.is_none() {
            return;
        }
        text.clone_into(&mut self.filter);
        self.typed = typing.then(|| text.to_owned());
        self.begin_again();
        self.reload_after(if typing { TYPING_MS } else { 0 }, cx);
        self.keep_cursor();
    }

    /// Sorts by a field; by the same again, the other way round.
    pub fn sort_by(&mut self, field: &str, cx: &mut Cx) {
        self.sort = if self.sort == format!("-{field}") {
            field.to_owned()
        } else {
            format!("-{field}")
        };
        self.begin_again();
        self.reload(cx);
    }

    /// The mouse in what the last frame showed.
    pub fn mouse(&mut self, event: MouseEvent, cx: &mut Cx) {
        let area = self.seen.get();
        match event.kind {
            MouseEventKind::ScrollUp => self.step(-3, cx),
            MouseEventKind::ScrollDown => self.step(3, cx),
            MouseEventKind::Down(MouseButton::Left) => {
                let inside = event.row > area.y && event.row < area.bottom();
                let row = usize::from(event.row.saturating_sub(area.y + 1)) + self.top.get();
                if inside && row < self.shown().len() {
                    let again = row == self.at;
                    self.move_to(row, cx);
                    if again {
                        self.command(Command::Open, cx);
                    }
                }
            }
            _ => {}
        }
    }
}
