//! One user: budget and account above, a list of one's jobs, sign-ins, documents, streams, charges
//! and acts below.

mod head;
mod panes;

use api::console::{Account, FeedEvent};
use crossterm::event::MouseEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::AnyList;
use super::panes::Panes;
use super::users::acts::DETAIL_ACTS;
use super::users::{PATH, sign_ins};
use super::{Chosen, Cx, Filtering, Screen, View};
use crate::acts::Act;
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

/// A user that changes fast is read again at most this often.
const FOLLOW_MS: u64 = 2_000;

/// The screen.
pub struct UserScreen {
    id: i64,
    user: Option<Account>,
    failure: Option<Failure>,
    panes: Panes,
}

/// The screen of a user.
pub fn screen(id: i64) -> Box<dyn Screen> {
    Box::new(UserScreen {
        id,
        user: None,
        failure: None,
        panes: panes::all(id),
    })
}

impl UserScreen {
    fn ask(&self, after_ms: u64, cx: &mut Cx) {
        cx.fetch_after(
            "user",
            Request::get(format!("{PATH}/{}", self.id)),
            after_ms,
        );
    }

    /// The head and the panes.
    fn parts(area: Rect) -> [Rect; 2] {
        let head = if area.height >= 26 { 7 } else { 5 };
        let head = head.min(area.height);
        [
            Rect {
                height: head,
                ..area
            },
            Rect {
                y: area.y + head,
                height: area.height - head,
                ..area
            },
        ]
    }
}

impl Screen for UserScreen {
    fn place(&self) -> Place {
        Place::User { id: self.id }
    }

    fn crumbs(&self) -> String {
        let name = self.user.as_ref().map(|user| user.email.clone());
        format!("Users > {}", name.unwrap_or_else(|| self.id.to_string()))
    }

    fn status(&self, view: &View) -> String {
        let Some(user) = &self.user else {
            return String::new();
        };
        let facts = [
            crate::widgets::chrome::role_name(user.role).to_owned(),
            user.status.word().to_owned(),
            format!("since {}", crate::text::units::day(user.created_at)),
            format!("seen {}", view.age_or(user.last_seen_at)),
            format!("id {}", user.id),
        ];
        facts.join(&format!(" {} ", view.glyphs.dot))
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        DETAIL_ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.ask(0, cx);
        self.panes.reload(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        match command {
            Command::Owner => cx.toast("this is the user"),
            Command::Mark | Command::Range | Command::MarkAll => {
                cx.toast("acts here are on the user; rows are marked in their own screens");
            }
            Command::Refresh => self.enter(cx),
            _ => return self.panes.command(command, cx),
        }
        true
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, cx: &mut Cx) {
        if part == "user" {
            match outcome.and_then(|reply| reply.decode()) {
                Ok(user) => {
                    self.user = Some(user);
                    self.failure = None;
                }
                Err(failure) => self.failure = Some(failure),
            }
        } else if let Some(list) = self.panes.list_mut() {
            list.answer(part, outcome, cx);
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if let FeedEvent::Account(change) = event
            && change.id == self.id
            && !cx.frozen
        {
            self.ask(FOLLOW_MS, cx);
        }
        self.panes.feed(event, cx);
    }

    fn tick(&mut self, cx: &mut Cx) {
        if let Some(list) = self.panes.list_mut() {
            list.retry(cx);
        }
    }

    fn chosen(&self) -> Chosen {
        Chosen {
            objects: self
                .user
                .iter()
                .map(|user| Object::User(Box::new(user.clone())))
                .collect(),
            ..Chosen::default()
        }
    }

    fn chosen_for(&self, act: &'static Act) -> Chosen {
        let mut chosen = self.chosen();
        let row = self.panes.list().and_then(AnyList::object);
        if let (true, Some(Object::Session { session, .. })) = (*act == sign_ins::END_ONE, row) {
            chosen.told.set(sign_ins::SIGN_IN, session.id.to_string());
        }
        chosen
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
        let [top, below] = UserScreen::parts(area);
        match (&self.user, &self.failure) {
            (Some(user), _) => head::draw(user, top, buffer, view),
            (None, Some(failure)) => {
                let text = format!("  could not load: {failure}  r now");
                line::text(buffer, line::row(top, 0), &text, Role::Bad, view);
            }
            (None, None) => {
                line::text(buffer, line::row(top, 0), "  loading...", Role::Muted, view);
            }
        }
        self.panes.draw(below, buffer, view);
    }
}
