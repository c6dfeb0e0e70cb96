//! Streams: who is being answered now, how fast?

pub mod acts;
mod columns;

use api::console::{FeedEvent, Stream, StreamState, Topic};
use api::filter::{STREAMS, Schema};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing};
use super::list_screen::{Frame, ListScreen};
use super::{Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{Noun, phrase, read_rows};
use crate::client::Request;
use crate::object::Object;
use crate::place::Place;
use crate::text::units;
use crate::theme::Role;
use crate::widgets::line;
use crate::widgets::spark::spark;
use crate::widgets::table::Column;

/// The list's address.
pub const PATH: &str = "/api/admin/streams";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "streams",
    help: "answers under way",
    find: |named| Request::get(PATH).with("filter", format!("id:{}", phrase(named))),
    read: |reply| read_rows(reply, |stream: Stream| Object::Stream(Box::new(stream))),
    list: Some(PATH),
    schema: &STREAMS,
    acts: acts::ACTS,
};

/// Streams: of everybody, or of one user as a pane.
#[derive(Debug, Default)]
pub struct Streams {
    pub user: Option<i64>,
}

/// The screen.
pub fn screen(filter: &str) -> Box<dyn Screen> {
    Box::new(ListScreen::new(Streams::default(), filter))
}

impl Listing for Streams {
    type Row = Stream;

    fn noun(&self) -> &'static str {
        "streams"
    }

    fn columns(&self) -> &'static [Column<Stream>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &STREAMS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn own_term(&self) -> String {
        self.user
            .map_or_else(String::new, |id| format!("user:{id}"))
    }

    fn id(&self, row: &Stream) -> String {
        row.id.clone()
    }

    fn object(&self, row: &Stream) -> Object {
        Object::Stream(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn open(&self, row: &Stream) -> Option<Place> {
        Some(Place::Stream { id: row.id.clone() })
    }

    fn change(&self, event: &FeedEvent) -> Change<Stream> {
        match event {
            FeedEvent::Streams(change) => Change::Both(
                change
                    .upsert
                    .iter()
                    .filter(|stream| self.user.is_none_or(|id| stream.user_id == id))
                    .cloned()
                    .collect(),
                change.remove.clone(),
            ),
            FeedEvent::Lost(lost) if lost.topic == Topic::Streams => Change::Reload,
            _ => Change::None,
        }
    }

    fn grows(&self) -> bool {
        true
    }

    fn empty(&self, filtered: bool) -> String {
        if filtered {
            "No streams match. Esc clears the filter.".to_owned()
        } else {
            "Nobody is being answered now.".to_owned()
        }
    }
}

impl Frame for Streams {
    fn place(&self, filter: &str) -> Place {
        Place::Streams {
            filter: filter.to_owned(),
        }
    }

    fn title(&self) -> String {
        "Streams".to_owned()
    }

    fn remark(&self, view: &View) -> String {
        let Some(pulse) = view.mirror.pulse_now() else {
            return String::new();
        };
        let kept: i64 = view
            .mirror
            .snapshot
            .iter()
            .flat_map(|snapshot| &snapshot.streams)
            .map(|stream| stream.buffer_bytes)
            .sum();
        format!(
            "refused 1 m: {} {} kept {}",
            pulse.streams.refused_1m,
            view.glyphs.dot,
            units::bytes(kept.unsigned_abs())
        )
    }

    fn head_height(&self, area: Rect) -> u16 {
        u16::from(area.height >= 24)
    }

    fn draw_head(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(snapshot) = &view.mirror.snapshot else {
            return;
        };
        let pulse = &snapshot.pulse;
        let used = units::share(pulse.streams.open, pulse.streams.capacity);
        let role = if used >= 0.9 { Role::Bad } else { Role::Ok };
        let tokens: Vec<Option<f64>> = snapshot
            .series
            .iter()
            .map(|point| point.tokens_out_per_s)
            .collect();
        let ms = |value: Option<f64>| {
            value.map_or_else(
                || units::UNKNOWN.to_owned(),
                |ms| units::duration_ms(units::whole(ms)),
            )
        };
        let first = &pulse.first_token_ms;
        let parts = [
            (Role::Muted, " capacity ".to_owned()),
            (
                view.live(role),
                crate::widgets::bar::share(used, 32, view.glyphs),
            ),
            (
                view.live(Role::Plain),
                format!(" {} of {}", pulse.streams.open, pulse.streams.capacity),
            ),
            (
                view.live(Role::Plain),
                format!("   all {:.0} tok/s ", pulse.tokens_out_per_s),
            ),
            (view.live(Role::Info), spark(&tokens, 18, view.glyphs)),
            (
                view.live(Role::Plain),
                format!("  TTFT p50 {} p95 {}", ms(first.p50), ms(first.p95)),
            ),
        ];
        line::parts(buffer, area, &parts, view);
    }
}

/// How a state looks.
pub fn state_role(state: StreamState) -> Role {
    match state {
        StreamState::Waiting | StreamState::Resuming => Role::Warn,
        StreamState::Streaming => Role::Ok,
        StreamState::Ending => Role::Muted,
    }
}
