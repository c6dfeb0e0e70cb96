//! A list whose rows do not matter to whoever holds it, such as a pane of a detail.

use api::console::FeedEvent;
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{List, Listing};
use crate::client::{Failure, Reply, Request};
use crate::keys::Command;
use crate::object::Object;
use crate::screens::{Cx, Filtering, View};

/// What every list can do.
pub trait AnyList {
    fn reload(&mut self, cx: &mut Cx);
    fn retry(&mut self, cx: &mut Cx);
    fn command(&mut self, command: Command, cx: &mut Cx) -> bool;
    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx);
    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx);
    fn mouse(&mut self, event: MouseEvent, cx: &mut Cx);
    fn filtering(&self) -> Option<Filtering<'_>>;
    fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx);
    fn sorts(&self) -> Vec<(char, &'static str, &'static str)>;
    fn sort_by(&mut self, field: &'static str, cx: &mut Cx);
    fn export(&self) -> Request;
    fn status(&self, view: &View) -> String;
    fn opens(&self) -> bool;
    /// The row under the cursor.
    fn object(&self) -> Option<Object>;
    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View);
}

impl<L: Listing> AnyList for List<L> {
    fn reload(&mut self, cx: &mut Cx) {
        List::reload(self, cx);
    }

    fn retry(&mut self, cx: &mut Cx) {
        List::retry(self, cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        List::command(self, command, cx)
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        List::answer(self, part, outcome, cx);
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        List::feed(self, event, cx);
    }

    fn mouse(&mut self, event: MouseEvent, cx: &mut Cx) {
        List::mouse(self, event, cx);
    }

    fn filtering(&self) -> Option<Filtering<'_>> {
        let schema = self.spec.schema();
        (!schema.fields.is_empty()).then(|| Filtering {
            text: &self.filter,
            schema,
        })
    }

    fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx) {
        List::set_filter(self, text, typing, cx);
    }

    fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        List::sorts(self)
    }

    fn sort_by(&mut self, field: &'static str, cx: &mut Cx) {
        List::sort_by(self, field, cx);
    }

    fn export(&self) -> Request {
        List::export(self)
    }

    fn status(&self, view: &View) -> String {
        List::status(self, view)
    }

    fn opens(&self) -> bool {
        List::opens(self)
    }

    fn object(&self) -> Option<Object> {
        self.row().map(|row| self.spec.object(row))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        List::draw(self, area, buffer, view);
    }
}
