//! One job: its stages on one axis of time, its attempts, its money, what happened to it.

mod panels;

use api::console::{FeedEvent, Job, JobDetail, JobEvent, JobEventPage};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::jobs::acts::ACTS;
use super::jobs::{PATH, columns};
use super::{Chosen, Cx, Screen, View};
use crate::action::Action;
use crate::acts::Act;
use crate::client::request::segment;
use crate::client::{Failure, Reply, Request};
use crate::keys::{Command, Where};
use crate::object::Object;
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;

/// A job that changes fast is read again at most this often.
const FOLLOW_MS: u64 = 2_000;
/// Events that are asked for.
const EVENTS: &str = "200";

/// The screen.
pub struct JobScreen {
    id: String,
    detail: Option<JobDetail>,
    events: Vec<JobEvent>,
    failure: Option<Failure>,
    /// The first event that is shown, from the newest.
    top: usize,
}

/// The screen of a job.
pub fn screen(id: &str) -> Box<dyn Screen> {
    Box::new(JobScreen {
        id: id.to_owned(),
        detail: None,
        events: Vec::new(),
        failure: None,
        top: 0,
    })
}

impl JobScreen {
    fn address(&self) -> String {
        format!("{PATH}/{}", segment(&self.id))
    }

    fn ask(&self, after_ms: u64, cx: &mut Cx) {
        cx.fetch_after("job", Request::get(self.address()), after_ms);
        let events = Request::get(format!("{}/events", self.address()));
        cx.fetch_after("events", events.with("limit", EVENTS), after_ms);
    }

    fn job(&self) -> Option<&Job> {
        self.detail.as_ref().map(|detail| &detail.job)
    }
}

impl Screen for JobScreen {
    fn place(&self) -> Place {
        Place::Job {
            id: self.id.clone(),
        }
    }

    fn crumbs(&self) -> String {
        format!("Jobs > {}", self.id)
    }

    fn status(&self, view: &View) -> String {
        let Some(job) = self.job() else {
            return String::new();
        };
        let mut facts = vec![
            job.kind.clone(),
            columns::state(job, view),
            job.owner_email
                .clone()
                .unwrap_or_else(|| "system".to_owned()),
            format!("attempt {} of {}", job.attempt, job.attempts),
        ];
        if let Some(worker) = &job.worker {
            facts.push(format!("worker {worker}"));
        }
        facts.join(&format!(" {} ", view.glyphs.dot))
    }

    fn keys(&self) -> &'static [Where] {
        &[Where::Detail, Where::List]
    }

    fn acts(&self) -> &'static [&'static Act] {
        ACTS
    }

    fn enter(&mut self, cx: &mut Cx) {
        self.ask(0, cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx) -> bool {
        let last = self.events.len().saturating_sub(1);
        match command {
            Command::Up => self.top = self.top.saturating_sub(1),
            Command::Down => self.top = (self.top + 1).min(last),
            Command::PageUp => self.top = self.top.saturating_sub(10),
            Command::PageDown => self.top = (self.top + 10).min(last),
            Command::Home => self.top = 0,
            Command::End => self.top = last,
            Command::CopyId => cx.actions.push(Action::Copy(self.id.clone())),
            Command::CopyRow => {
                let json = self.detail.as_ref().map(serde_json::to_string_pretty);
                if let Some(Ok(json)) = json {
                    cx.actions.push(Action::Copy(json));
                }
            }
            Command::Owner => match self.job().and_then(|job| job.owner_id) {
                Some(id) => cx.go(Place::User { id }),
                None => cx.toast("this job belongs to no user"),
            },
            Command::Trace => match self.job().and_then(|job| job.trace_id.clone()) {
                Some(trace) => cx.actions.push(Action::Copy(trace)),
                None => cx.toast("this job has no trace"),
            },
            Command::Open => {
                if let Some(id) = self.job().and_then(|job| job.replayed_by.or(job.replay_of)) {
                    cx.go(Place::Job { id: id.to_string() });
                }
            }
            _ => return false,
        }
        true
    }

    fn answer(&mut self, part: &'static str, outcome: Result<Reply, Failure>, _: &mut Cx) {
        match (part, outcome) {
            ("job", outcome) => match outcome.and_then(|reply| reply.decode()) {
                Ok(detail) => {
                    self.detail = Some(detail);
                    self.failure = None;
                }
                Err(failure) => self.failure = Some(failure),
            },
            (_, outcome) => {
                if let Ok(page) = outcome.and_then(|reply| reply.decode::<JobEventPage>()) {
                    self.events = page.items;
                }
            }
        }
    }

    fn feed(&mut self, event: &FeedEvent, cx: &mut Cx) {
        if let FeedEvent::Job(job) = event
            && job.id.to_string() == self.id
            && !cx.frozen
        {
            if let Some(detail) = &mut self.detail
                && job.rev >= detail.job.rev
            {
                detail.job = (**job).clone();
            }
            self.ask(FOLLOW_MS, cx);
        }
    }

    fn chosen(&self) -> Chosen {
        Chosen {
            objects: self
                .job()
                .map(|job| Object::Job(Box::new(job.clone())))
                .into_iter()
                .collect(),
            ..Chosen::default()
        }
    }

    fn opens(&self) -> bool {
        self.job()
            .is_some_and(|job| job.replayed_by.or(job.replay_of).is_some())
    }

    fn export(&self) -> Option<Request> {
        Some(Request::get(format!("{}/events", self.address())))
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        if let Some(failure) = &self.failure {
            let text = format!("  could not load: {failure}  r now");
            line::text(buffer, line::row(area, 0), &text, Role::Bad, view);
        }
        match &self.detail {
            Some(detail) => panels::draw(detail, &self.events, self.top, area, buffer, view),
            None if self.failure.is_none() => {
                line::text(
                    buffer,
                    line::row(area, 0),
                    "  loading...",
                    Role::Muted,
                    view,
                );
            }
            None => {}
        }
    }
}
