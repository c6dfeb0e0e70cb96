//! One answer under way: who, by whom, how fast, what it costs.

use api::console::{FeedEvent, Stream};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::streams::acts::ACTS;
use super::streams::{NOUN, state_role};
use super::{Chosen, Cx, Screen, View};
use crate::action::Action;
use crate::acts::Act;
use crate::client::{Failure, Reply};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line::{self, Part};
use crate::widgets::spark::spark;

/// The screen.
pub struct StreamScreen {
    id: String,
    stream: Option<Stream>,
    ended: bool,
    failure: Option<Failure>,
}

/// The screen of a stream.
pub fn screen(id: &str) -> Box<dyn Screen> {
    Box::new(StreamScreen {
        id: id.to_owned(),
        stream: None,
        ended: false,
        failure: None,
    })
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

    fn status(&self, _: &View) -> String {
        match &self.stream {
            _ if self.ended => "ended".to_owned(),
            Some(stream) => format!("{} {}", stream.kind, stream.state),
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
        cx.fetch("stream", (NOUN.find)(&self.id));
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::Owner => {
                if let Some(stream) = &self.stream {
                    cx.go(Place::User { id: stream.user_id });
                }
            }
            Command::CopyId => cx.actions.push(Action::Copy(self.id.clone())),
            Command::CopyRow => {
                let json = self.stream.as_ref().map(serde_json::to_string_pretty);
                if let Some(Ok(json)) = json {
                    cx.actions.push(Action::Copy(json));
                }
            }
            _ => return false,
        }
        true
    }

    fn answer(&mut self, _: &'static str, outcome: Result<Reply, Failure>, _: &mut Cx) {
        match outcome.and_then(|reply| (NOUN.read)(&reply)) {
            Ok(objects) => {
                self.failure = None;
                match objects.into_iter().next() {
                    Some(Object::Stream(stream)) => self.stream = Some(*stream),
                    _ => self.ended = true,
                }
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if cx.frozen {
            return;
        }
        if let FeedEvent::Streams(change) = event {
            self.ended |= change.remove.contains(&self.id);
            if let Some(stream) = change.upsert.iter().find(|stream| stream.id == self.id) {
                self.stream = Some(stream.clone());
            }
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

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(stream) = &self.stream else {
            let (role, text) = match &self.failure {
                Some(failure) => (Role::Bad, format!("  could not load: {failure}  r now")),
                None if self.ended => (Role::Muted, "  this stream has ended".to_owned()),
                None => (Role::Muted, "  loading...".to_owned()),
            };
            line::text(buffer, line::row(area, 0), &text, role, view);
            return;
        };
        line::rule(buffer, line::row(area, 0), "Stream", view);
        for (row, (label, value)) in (1..).zip(facts(stream, self.ended, view)) {
            let parts = [(Role::Muted, format!(" {label:<13}")), value];
            line::parts(buffer, line::row(area, row), &parts, view);
        }
        let values: Vec<Option<f64>> = stream.series.iter().copied().map(Some).collect();
        let parts = [
            (Role::Muted, format!(" {:<13}", "last 30 s")),
            (Role::Info, spark(&values, 15, view.glyphs)),
            (Role::Muted, " tokens/s".to_owned()),
        ];
        line::parts(buffer, line::row(area, 12), &parts, view);
    }
}

/// What there is to say of a stream, line by line.
fn facts(stream: &Stream, ended: bool, view: &View) -> [(&'static str, Part); 11] {
    let plain = |text: String| (Role::Plain, text);
    let live = |text: String| (view.live(Role::Plain), text);
    let none = || units::UNKNOWN.to_owned();
    let state = if ended {
        (Role::Muted, "ended".to_owned())
    } else {
        (state_role(stream.state), stream.state.word().to_owned())
    };
    let first = stream
        .first_token_ms
        .map_or_else(none, |ms| units::duration_ms(ms.unsigned_abs()));
    let started = format!(
        "{} UTC, {} ago",
        units::moment(stream.started_at),
        view.age(stream.started_at)
    );
    let tokens = format!(
        "{} at {:.0}/s",
        units::count_i(stream.tokens_out),
        stream.tokens_per_s
    );
    let cost = format!(
        "~{} so far, {} held",
        units::money_fine(stream.cost_nanos),
        units::money_fine(stream.held_nanos)
    );
    [
        ("state", state),
        ("user", plain(stream.email.clone())),
        ("kind", plain(stream.kind.clone())),
        (
            "provider",
            plain(stream.provider.clone().unwrap_or_else(none)),
        ),
        ("model", plain(stream.model.clone().unwrap_or_else(none))),
        ("process", plain(stream.process.clone())),
        ("started", plain(started)),
        ("first token", plain(first)),
        ("tokens", live(tokens)),
        ("cost", live(cost)),
        (
            "kept",
            plain(units::bytes(stream.buffer_bytes.unsigned_abs())),
        ),
    ]
}
