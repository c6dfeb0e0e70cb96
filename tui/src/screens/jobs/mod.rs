//! Jobs: what works, waits, fails, and why?

pub mod acts;
pub mod columns;

use api::console::{FeedEvent, Job, JobState, JobsSeries};
use api::filter::{JOBS, Schema};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{Change, Listing, Tab};
use super::list_screen::{Frame, ListScreen};
use super::{Cx, Screen, View};
use crate::acts::Act;
use crate::acts::nouns::{Noun, read_rows};
use crate::client::request::segment;
use crate::client::{Reply, Request};
use crate::object::Object;
use crate::place::Place;
use crate::theme::Role;
use crate::widgets::line;
use crate::widgets::spark::spark;
use crate::widgets::table::Column;

/// The list's address.
pub const PATH: &str = "/api/admin/jobs";

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "jobs",
    help: "work in the background, with the dead letters",
    find: |named| Request::get(format!("{PATH}/{}", segment(named))),
    read: read_jobs,
    list: Some(PATH),
    schema: &JOBS,
    acts: acts::ACTS,
};

/// A page of jobs, or one with its inside.
fn read_jobs(reply: &Reply) -> Result<Vec<Object>, crate::client::Failure> {
    if let Ok(detail) = reply.decode::<api::console::JobDetail>() {
        return Ok(vec![Object::Job(Box::new(detail.job))]);
    }
    read_rows(reply, |job: Job| Object::Job(Box::new(job)))
}

static TABS: &[Tab] = &[
    tab("all", "all ", "", &[]),
    tab("queued", "q", "state:queued", &["queued"]),
    tab("running", "run", "state:running", &["running"]),
    tab("retrying", "retry", "state:retrying", &["retrying"]),
    tab(
        "waiting",
        "wait",
        "state:awaiting_budget,awaiting_input",
        &["awaiting_budget", "awaiting_input"],
    ),
    tab("succeeded", "ok", "state:succeeded", &["succeeded"]),
    tab("failed", "fail", "state:failed", &["failed"]),
    tab("cancelled", "canc", "state:cancelled", &["cancelled"]),
];

const fn tab(
    name: &'static str,
    short: &'static str,
    term: &'static str,
    values: &'static [&'static str],
) -> Tab {
    Tab {
        name,
        short,
        term,
        values,
    }
}

/// Jobs: of everybody, or of one user as a pane.
#[derive(Default)]
pub struct Jobs {
    pub user: Option<i64>,
    series: Option<JobsSeries>,
}

impl Jobs {
    /// The jobs of one user.
    pub fn of(user: i64) -> Jobs {
        Jobs {
            user: Some(user),
            series: None,
        }
    }
}

/// The screen.
pub fn screen(filter: &str) -> Box<dyn Screen> {
    Box::new(ListScreen::new(Jobs::default(), filter))
}

impl Listing for Jobs {
    type Row = Job;

    fn noun(&self) -> &'static str {
        "jobs"
    }

    fn columns(&self) -> &'static [Column<Job>] {
        columns::COLUMNS
    }

    fn schema(&self) -> &'static Schema {
        &JOBS
    }

    fn request(&self) -> Request {
        Request::get(PATH)
    }

    fn own_term(&self) -> String {
        self.user
            .map_or_else(String::new, |id| format!("user:{id}"))
    }

    fn count(&self) -> Option<Request> {
        Some(Request::get(format!("{PATH}/count")))
    }

    fn tallies(&self) -> Option<Request> {
        self.user
            .is_none()
            .then(|| Request::get(format!("{PATH}/counts")).with("by", "state"))
    }

    fn id(&self, row: &Job) -> String {
        row.id.to_string()
    }

    fn rev(&self, row: &Job) -> i64 {
        row.rev
    }

    fn object(&self, row: &Job) -> Object {
        Object::Job(Box::new(row.clone()))
    }

    fn acts(&self) -> &'static [&'static Act] {
        acts::ACTS
    }

    fn tabs(&self) -> &'static [Tab] {
        if self.user.is_some() { &[] } else { TABS }
    }

    fn open(&self, row: &Job) -> Option<Place> {
        Some(Place::Job {
            id: row.id.to_string(),
        })
    }

    fn change(&self, event: &FeedEvent) -> Change<Job> {
        match event {
            FeedEvent::Job(job) if self.user.is_none_or(|id| job.owner_id == Some(id)) => {
                Change::Rows(vec![(**job).clone()])
            }
            FeedEvent::Lost(lost) if lost.topic == api::console::Topic::Jobs => Change::Reload,
            _ => Change::None,
        }
    }

    fn in_tab(&self, row: &Job, tab: &Tab) -> bool {
        tab.values.is_empty() || tab.values.contains(&row.state.word())
    }
}

impl Frame for Jobs {
    fn place(&self, filter: &str) -> Place {
        Place::Jobs {
            filter: filter.to_owned(),
        }
    }

    fn title(&self) -> String {
        "Jobs".to_owned()
    }

    fn head_height(&self, area: Rect) -> u16 {
        u16::from(area.height >= 24)
    }

    fn ask(&mut self, cx: &mut Cx) {
        cx.fetch("series", Request::get(format!("{PATH}/series")));
    }

    fn answered(&mut self, part: &'static str, reply: Reply, _: &mut Cx) -> bool {
        if part == "series" {
            self.series = reply.decode().ok();
        }
        false
    }

    fn draw_head(&self, area: Rect, buffer: &mut Buffer, view: &View) {
        let Some(series) = &self.series else { return };
        let points = &series.points;
        let wide = area.width >= 100;
        let width = if wide { 22 } else { 14 };
        let bars = |value: fn(&api::console::JobsPoint) -> i64| {
            let values: Vec<Option<f64>> = points
                .iter()
                .map(|point| {
                    let count = u64::try_from(value(point)).unwrap_or(0);
                    Some(crate::text::units::real(count))
                })
                .collect();
            spark(&values, width, view.glyphs)
        };
        let mut parts = vec![
            (Role::Muted, " in ".to_owned()),
            (Role::Info, bars(|point| point.created)),
            (Role::Muted, "  done ".to_owned()),
            (Role::Ok, bars(|point| point.succeeded)),
        ];
        parts.push((Role::Muted, "  failed ".to_owned()));
        parts.push((Role::Bad, bars(|point| point.failed)));
        if wide {
            let minutes = series.step_s.saturating_mul(60) / 60;
            parts.push((Role::Muted, format!("  {minutes} min")));
        }
        line::parts(buffer, area, &parts, view);
    }
}

/// How a state looks.
pub fn state_role(state: JobState) -> Role {
    match state {
        JobState::Running => Role::Info,
        JobState::Retrying | JobState::AwaitingBudget | JobState::AwaitingInput => Role::Warn,
        JobState::Succeeded => Role::Ok,
        JobState::Failed => Role::Bad,
        JobState::Cancelled => Role::Muted,
        JobState::Queued => Role::Plain,
    }
}
