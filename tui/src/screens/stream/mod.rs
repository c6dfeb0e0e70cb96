//! One answer under way: who, by whom, how fast; below, what was charged for it, and what else its
//! user is being answered.

mod facts;

use api::console::{FeedEvent, Stream, StreamsChange, Topic};
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ledger::Ledger;
use super::list::{AnyList, List};
use super::panes::{Panes, pane};
use super::streams::acts::ACTS;
use super::streams::{NOUN, Streams};
use super::{Chosen, Cx, Filtering, Screen, View};
use crate::action::Action;
use crate::acts::Act;
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

/// After an end the ledger is read once what was used has been settled.
const SETTLED_MS: u64 = 1_000;

/// The screen.
pub struct StreamScreen {
    id: String,
    stream: Option<Stream>,
    ended: bool,
    failure: Option<Failure>,
    retry_at_ms: Option<u64>,
    panes: Panes,
}

/// The screen of a stream.
pub fn screen(id: &str) -> Box<dyn Screen> {
    Box::new(StreamScreen {
        id: id.to_owned(),
        stream: None,
        ended: false,
        failure: None,
        retry_at_ms: None,
        panes: Panes::new(vec![pane("Charges", List::new(Ledger::of_stream(id), ""))]),
    })
}

impl StreamScreen {
    fn ask(&mut self, after_ms: u64, cx: &mut Cx) {
        self.retry_at_ms = None;
        cx.fetch_after("stream", (NOUN.find)(&self.id), after_ms);
    }

    fn is_now(&mut self, stream: Stream) {
        if self.panes.len() == 1 {
            let others = Streams {
                user: Some(stream.user_id),
            };
            self.panes
                .add(pane("Streams of the user", List::new(others, "")));
        }
        self.stream = Some(stream);
    }

    fn changed(&mut self, change: &StreamsChange, cx: &mut Cx) {
        if let Some(stream) = change.upsert.iter().find(|stream| stream.id == self.id) {
            self.is_now(stream.clone());
        }
        if change.remove.contains(&self.id) && !self.ended {
            self.ended = true;
            self.ask(SETTLED_MS, cx);
        }
    }

    fn answered(&mut self, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        match outcome.and_then(|reply| (NOUN.read)(&reply)) {
            Ok(objects) => {
                self.failure = None;
                if let Some(Object::Stream(stream)) = objects.into_iter().next() {
                    self.ended = false;
                    self.is_now(*stream);
                } else {
                    self.ended = true;
                    self.panes.reload(cx);
                }
            }
            Err(failure) => {
                let wait = failure.retry_after_s();
                self.retry_at_ms = wait.map(|wait| cx.now.ms.saturating_add(wait * 1_000));
                self.failure = Some(failure);
            }
        }
    }

    /// The facts and the panes.
    fn parts(area: Rect) -> [Rect; 2] {
        let above = facts::HEIGHT.min(area.height);
        [
            Rect {
                height: above,
                ..area
            },
            Rect {
                y: area.y + above,
                height: area.height - above,
                ..area
            },
        ]
    }
}

impl Screen for StreamScreen {
    fn place(&self) -> Place {
        Place::Stream {
            id: self.id.clone(),
        }
    }

    fn crumbs(&self) -> String {
        format!("Streams > {}", self.id)
    }

    fn status(&self, view: &View) -> String {
        match &self.stream {
            Some(stream) => {
                let state = if self.ended {
                    "ended"
                } else {
                    stream.state.word()
                };
                let dot = view.glyphs.dot;
                format!("{} {dot} {state} {dot} {}", stream.kind, stream.email)
            }
            None if self.ended => "ended".to_owned(),
            None => String::new(),
        }
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.ask(0, cx);
        self.panes.reload(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::Owner => match &self.stream {
                Some(stream) => cx.go(Place::User { id: stream.user_id }),
                None => cx.toast("the user of this stream is not known any more"),
            },
            Command::CopyId => cx.actions.push(Action::Copy(self.id.clone())),
            Command::CopyRow => {
                let json = self.stream.as_ref().map(serde_json::to_string_pretty);
                if let Some(Ok(json)) = json {
                    cx.actions.push(Action::Copy(json));
                }
            }
            Command::Mark | Command::Range | Command::MarkAll => {
                cx.toast("acts here are on the stream; rows are marked in their own screens");
            }
            Command::Refresh => self.enter(cx),
            _ => return self.panes.command(command, cx),
        }
        true
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        if part == "stream" {
            self.answered(outcome, cx);
        } else if let Some(list) = self.panes.list_mut() {
            list.answer(part, outcome, cx);
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if cx.frozen {
            return;
        }
        match event {
            FeedEvent::Streams(change) => self.changed(change, cx),
            FeedEvent::Snapshot(_) => self.ask(0, cx),
            FeedEvent::Lost(lost) if lost.topic == Topic::Streams => self.ask(0, cx),
            _ => {}
        }
        self.panes.feed(event, cx);
    }

    fn tick(&mut self, cx: &mut Cx) {
        if self.retry_at_ms.is_some_and(|at| cx.now.ms >= at) {
            self.ask(0, cx);
        }
        if let Some(list) = self.panes.list_mut() {
            list.retry(cx);
        }
    }

    fn chosen(&self) -> Chosen {
        let open = self.stream.iter().filter(|_| !self.ended);
        Chosen {
            objects: open
                .map(|stream| Object::Stream(Box::new(stream.clone())))
                .collect(),
            ..Chosen::default()
        }
    }

    fn opens(&self) -> bool {
        self.panes.list().is_none_or(AnyList::opens)
    }

    fn panes(&self) -> usize {
        self.panes.len()
    }

    fn filtering(&self) -> Option<Filtering<'_>> {
        self.panes.list().and_then(AnyList::filtering)
    }

    fn set_filter(&mut self, text: &str, typing: bool, cx: &mut Cx) {
        if let Some(list) = self.panes.list_mut() {
            list.set_filter(text, typing, cx);
        }
    }

    fn sorts(&self) -> Vec<(char, &'static str, &'static str)> {
        self.panes.list().map(AnyList::sorts).unwrap_or_default()
    }

    fn sort_by(&mut self, field: &'static str, cx: &mut Cx) {
        if let Some(list) = self.panes.list_mut() {
            list.sort_by(field, cx);
        }
    }

    fn export(&self) -> Option<Request> {
        self.panes.list().map(AnyList::export)
    }

    fn mouse(&mut self, event: MouseEvent, _: Rect, cx: &mut Cx) {
        self.panes.mouse(event, cx);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let [above, below] = StreamScreen::parts(area);
        if let Some(stream) = &self.stream {
            facts::draw(stream, self.ended, above, buffer, view);
        } else {
            let (role, text) = match &self.failure {
                Some(failure) => (Role::Bad, format!("  could not load: {failure}  r now")),
                None if self.ended => (Role::Muted, "  this stream has ended".to_owned()),
                None => (Role::Muted, "  loading...".to_owned()),
            };
            line::text(buffer, line::row(above, 0), &text, role, view);
        }
        self.panes.draw(below, buffer, view);
    }
}
