//! Overview: is the house well; if not, what first? Everything here is of the feed.

mod panels;

pub(crate) use panels::month_over;

use api::console::{FeedEvent, ObjectRef};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

/// The first picture comes from here when the feed is late.
const PATH: &str = "/api/admin/overview";

/// What the cursor goes through: alarms, top spend, events.
#[derive(Debug, Default)]
pub struct Overview {
    at: usize,
    /// What went wrong before the first picture.
    failure: Option<Failure>,
}

/// The screen.
pub fn screen() -> Box<dyn Screen> {
    Box::new(Overview::default())
}

/// Where an object is shown.
pub fn place_of(object: &ObjectRef) -> Option<Place> {
    let id = object.id.clone();
    Some(match object.kind.as_str() {
        "user" => Place::User {
            id: id.parse().ok()?,
        },
        "job" => Place::Job { id },
        "stream" => Place::Stream { id },
        "provider" => Place::Providers,
        "class" => Place::Retention,
        "process" | "check" => Place::System,
        "store" => Place::DeletedStores,
        _ => return None,
    })
}

impl Overview {
    /// What Enter opens, from the top.
    fn places(cx: &Cx) -> Vec<Option<Place>> {
        let mut places: Vec<Option<Place>> = cx
            .mirror
            .alarms
            .iter()
            .map(|alarm| alarm.object.as_ref().and_then(place_of))
            .collect();
        if let Some(snapshot) = &cx.mirror.snapshot {
            places.extend(
                snapshot
                    .top_spend
                    .iter()
                    .map(|line| Some(Place::User { id: line.user_id })),
            );
        }
        places.extend(
            cx.mirror
                .events
                .iter()
                .map(|event| event.object.as_ref().and_then(place_of)),
        );
        places
    }
}

impl Screen for Overview {
    fn place(&self) -> Place {
        Place::Overview
    }

    fn crumbs(&self) -> String {
        "Overview".to_owned()
    }

    fn status(&self, view: &View) -> String {
        format!("window 10 min {} 10 s steps", view.glyphs.dot)
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        &[]
    }

    fn enter(&mut self, cx: &mut Cx) {
        if cx.mirror.snapshot.is_none() {
            cx.fetch("overview", Request::get(PATH));
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let places = Overview::places(cx);
        let last = places.len().saturating_sub(1);
        match command {
            Command::Up => self.at = self.at.saturating_sub(1),
            Command::Down => self.at = (self.at + 1).min(last),
            Command::Home => self.at = 0,
            Command::End => self.at = last,
            Command::Open => match places.into_iter().nth(self.at) {
                Some(Some(place)) => cx.go(place),
                _ => cx.toast("nothing to open here"),
            },
            _ => return false,
        }
        true
    }

    fn answer(&mut self, _part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        match outcome.and_then(|reply| reply.decode()) {
            Ok(snapshot) => {
                self.failure = None;
                cx.wishes.push(super::Wish::Picture(Box::new(snapshot)));
            }
            Err(failure) => self.failure = Some(failure),
        }
    }

    fn feed(&mut self, _event: &FeedEvent, _cx: &mut Cx) {}

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(snapshot) = &view.mirror.snapshot else {
            let (role, text) = match &self.failure {
                Some(failure) => (Role::Bad, format!("could not load: {failure}  r now")),
                None => (Role::Muted, "waiting for the first picture...".to_owned()),
            };
            line::text(buffer, line::row(area, 1), &format!("  {text}"), role, view);
            return;
        };
        if area.width >= 116 && area.height >= 28 {
            panels::wide(snapshot, self.at, area, buffer, view);
        } else {
            panels::narrow(snapshot, self.at, area, buffer, view);
        }
    }
}
