//! A screen that is one list, with lines above and below that are its own.

use api::console::FeedEvent;
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{List, Listing};
use super::{Chosen, Cx, Filtering, Screen, View};
use crate::acts::Act;
use crate::client::{Failure, Reply, Request};
use crate::keys::Command;
use crate::place::Place;

/// What a list's screen has besides the list. Each has a good answer to begin with.
pub trait Frame: Listing {
    fn place(&self, filter: &str) -> Place;
    fn title(&self) -> String;

    /// Lines between the tabs and the table.
    fn head_height(&self, _area: Rect) -> u16 {
        0
    }

    fn draw_head(&self, _area: Rect, _buffer: &mut Buffer, _view: &View) {}

    /// Lines below the table.
    fn foot_height(&self, _area: Rect) -> u16 {
        0
    }

    fn draw_foot(&self, _row: Option<&Self::Row>, _area: Rect, _buffer: &mut Buffer, _view: &View) {
    }

    /// More at the right of line 2.
    fn remark(&self, _view: &View) -> String {
        String::new()
    }

    /// Questions besides the list's own, when it is entered.
    fn ask(&mut self, _cx: &mut Cx) {}

    /// An answer to one of them; whether the list is to be read again with it.
    fn answered(&mut self, _part: &'static str, _reply: Reply, _cx: &mut Cx) -> bool {
        false
    }

    /// One of them failed.
    fn missed(&mut self, _part: &'static str, _failure: &Failure) {}

    /// An event of the feed, for what the screen has besides the list.
    fn heard(&mut self, _event: &FeedEvent, _cx: &mut Cx) {}

    /// Keys of its own; whether it knew it. `true` as the second reads the list again.
    fn command(&mut self, _command: Command, _cx: &mut Cx) -> (bool, bool) {
        (false, false)
    }
}

/// The screen.
pub struct ListScreen<L: Frame> {
    pub list: List<L>,
}

impl<L: Frame> ListScreen<L> {
    pub fn new(spec: L, filter: &str) -> ListScreen<L> {
        ListScreen {
            list: List::new(spec, filter),
        }
    }

    /// The parts of the screen: tabs, head, table, foot.
    fn parts(&self, area: Rect) -> [Rect; 4] {
        let tabs = u16::from(!self.list.spec.tabs().is_empty()).min(area.height);
        let head = self
            .list
            .spec
            .head_height(area)
            .min(area.height.saturating_sub(tabs));
        let above = tabs + head;
        let foot = self
            .list
            .spec
            .foot_height(area)
            .min(area.height.saturating_sub(above + 3));
        let part = |y: u16, height: u16| Rect {
            y: area.y + y,
            height,
            ..area
        };
        [
            part(0, tabs),
            part(tabs, head),
            part(above, area.height.saturating_sub(above + foot)),
            part(area.height.saturating_sub(foot), foot),
        ]
    }
}

impl<L: Frame> Screen for ListScreen<L> {
    fn place(&self) -> Place {
        self.list.spec.place(self.list.filter())
    }

    fn crumbs(&self) -> String {
        let title = self.list.spec.title();
        match self.list.filter() {
            "" => title,
            filter => format!("{title} | {filter}"),
        }
    }

    fn status(&self, view: &View) -> String {
        let remark = self.list.spec.remark(view);
        let status = self.list.status(view);
        let facts = [status, remark];
        let said: Vec<&str> = facts
            .iter()
            .map(String::as_str)
            .filter(|fact| !fact.is_empty())
            .collect();
        said.join(&format!(" {} ", view.glyphs.dot))
    }

    fn acts(&self) -> &'static [&'static Act] {
        self.list.spec.acts()
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.list.spec.ask(cx);
        self.list.reload(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let (known, reload) = self.list.spec.command(command, cx);
        if reload {
            self.list.reload(cx);
        }
        if command == Command::Refresh {
            self.list.spec.ask(cx);
        }
        known || self.list.command(command, cx)
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        match self.list.answer(part, outcome, cx) {
            Some(Ok(reply)) => {
                let again = self.list.spec.answered(part, reply, cx);
                if again {
                    self.list.reload(cx);
                }
            }
            Some(Err(failure)) => self.list.spec.missed(part, &failure),
            None => {}
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        self.list.feed(event, cx);
        if !cx.frozen {
            self.list.spec.heard(event, cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx) {
        self.list.retry(cx);
    }

    fn chosen(&self) -> Chosen {
        self.list.chosen()
    }

    fn opens(&self) -> bool {
        self.list.opens()
    }

    fn acted(&mut self, cx: &mut Cx) {
        self.list.clear_marks();
        self.enter(cx);
    }

    fn filtering(&self) -> Option<Filtering<'_>> {
        let schema = self.list.spec.schema();
        (!schema.fields.is_empty()).then(|| Filtering {
            text: self.list.filter(),
            schema,
        })
    }

    fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx) {
        self.list.set_filter(text, typing, cx);
    }

    fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        self.list.sorts()
    }

    fn sort_by(&mut self, field: &'static str, cx: &mut Cx) {
        self.list.sort_by(field, cx);
    }

    fn export(&self) -> Option<Request> {
        Some(self.list.export())
    }

    fn mouse(&mut self, event: MouseEvent, _area: Rect, cx: &mut Cx) {
        self.list.mouse(event, cx);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let [tabs, head, table, foot] = self.parts(area);
        self.list.draw_tabs(tabs, buffer, view);
        self.list.spec.draw_head(head, buffer, view);
        self.list.draw_table(table, buffer, view, true);
        self.list
            .spec
            .draw_foot(self.list.row(), foot, buffer, view);
    }
}
