//! A job that an act has begun: how far it is, and how it ended.

use api::console::{FeedEvent, Job, JobDetail, JobState, Topic};

use super::App;
use crate::action::Action;
use crate::client::{Failure, Reply, Request};
use crate::message::{Owner, Slot};
use crate::text::units;

/// Which job, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    pub job: i64,
    /// As the act is called.
    pub what: String,
}

impl App {
    /// What the feed says of the job that is followed.
    pub(super) fn hear_of_followed(&mut self, event: &FeedEvent, actions: &mut Vec<Action>) {
        let Some(followed) = &self.followed else {
            return;
        };
        match event {
            FeedEvent::Job(job) if job.id == followed.job => self.moved_on(job, actions),
            // Its end may have been missed.
            FeedEvent::Snapshot(_) => self.look_after_followed(actions),
            FeedEvent::Lost(lost) if lost.topic == Topic::Jobs => {
                self.look_after_followed(actions);
            }
            _ => {}
        }
    }

    fn moved_on(&mut self, job: &Job, actions: &mut Vec<Action>) {
        if job.state.is_over() {
            return self.look_after_followed(actions);
        }
        if let (Some(followed), JobState::Running) = (&self.followed, job.state) {
            let share = units::percent(job.progress_ratio);
            self.progress(format!("job {}, {}: {share}", followed.job, followed.what));
        }
    }

    fn look_after_followed(&mut self, actions: &mut Vec<Action>) {
        let Some(followed) = &self.followed else {
            return;
        };
        let request = Request::get(format!("/api/admin/jobs/{}", followed.job));
        actions.push(Action::Fetch {
            slot: Slot {
                owner: Owner::App,
                part: "followed",
            },
            generation: self.number(),
            request,
            after_ms: 0,
        });
    }

    /// The whole of the job that is followed.
    pub(super) fn followed_answered(&mut self, outcome: Result<Reply, Failure>) {
        let Ok(detail) = outcome.and_then(|reply| reply.decode::<JobDetail>()) else {
            return;
        };
        let Some(followed) = self
            .followed
            .take_if(|followed| followed.job == detail.job.id && detail.job.state.is_over())
        else {
            return;
        };
        let rows = detail.row_counts().map_or_else(String::new, |counts| {
            format!(": {}", counts.in_words(units::count_i))
        });
        let (job, state) = (followed.job, detail.job.state);
        let text = format!("job {job}, {}: {state}{rows}", followed.what);
        self.say(text, state != JobState::Succeeded);
    }
}
