//! A job's log as it is written: an event stream that ends with the job.
//!
//! Lines of the log are numbered and can be resumed after; `progress` events between them are not,
//! the last one says all. The database is what counts: what wakes the stream only makes it look
//! earlier.

use std::time::Duration;

use async_stream::stream;
use bytes::Bytes;
use entities::{JobId, jobs::job};
use futures_util::Stream;
use serde::Serialize;
use tokio::time::Instant;

use super::{OwnJobs, api, readers::Reading};
use crate::platform::{
    db::DbError,
    http::{Credentials, Identity},
    jobs::is_ended,
};

/// Lines that one look takes.
const LINES: u64 = 100;
/// A comment goes out when nothing else did for so long.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// How often the stream looks when nothing wakes it.
const LOOK: Duration = Duration::from_secs(1);
/// A busy queue wakes everybody; nobody looks more often than this.
const PAUSE: Duration = Duration::from_millis(100);

/// What is to be followed.
pub(super) struct Following {
    pub(super) jobs: OwnJobs,
    pub(super) id: JobId,
    /// The last line that the client has.
    pub(super) after: i64,
    /// When the caller's token is over, and the stream with it.
    pub(super) until: Instant,
    /// What the caller came with: looked at again while the stream lasts.
    pub(super) credentials: Credentials,
    pub(super) reading: Reading,
}

/// The frames of a job's log to its end.
pub(super) fn frames(mut following: Following) -> impl Stream<Item = Bytes> + Send {
    stream! {
        let mut woken = following.jobs.0.jobs.follow_changes();
        let (mut shown, mut silent_since) = (None, Instant::now());
        let mut admitted_at = Instant::now();
        loop {
            woken.mark_unchanged();
            if admitted_at.elapsed() >= LOOK {
                admitted_at = Instant::now();
                if following.is_kept_out().await {
                    yield Bytes::from_static(b"event: bye\ndata: {\"reason\":\"forbidden\"}\n\n");
                    break;
                }
            }
            let (frames, over) = match following.look(&mut shown).await {
                Ok(seen) => seen,
                Err(error) => {
                    tracing::warn!(%error, "a job's log cannot be read");
                    (Vec::new(), false)
                }
            };
            if !frames.is_empty() {
                silent_since = Instant::now();
            }
            for frame in frames {
                yield frame;
            }
            if over {
                break;
            }
            if silent_since.elapsed() >= KEEPALIVE {
                silent_since = Instant::now();
                yield Bytes::from_static(b": keepalive\n\n");
            }
            let stopping = following.jobs.0.stopping.clone();
            tokio::select! {
                () = stopping.cancelled() => {
                    yield Bytes::from_static(b"event: bye\ndata: {\"reason\":\"shutdown\"}\n\n");
                    break;
                }
                () = tokio::time::sleep_until(following.until) => {
                    yield Bytes::from_static(b"event: bye\ndata: {\"reason\":\"token_expired\"}\n\n");
                    break;
                }
                () = async {
                    tokio::time::sleep(PAUSE).await;
                    // Its sender lives as long as the queue.
                    let _ = tokio::time::timeout(LOOK, woken.changed()).await;
                } => {}
            }
        }
        drop(following.reading);
    }
}

/// What a client shows of a job between two lines of its log.
#[derive(Clone, PartialEq, Serialize)]
struct Seen {
    rev: i64,
    state: api::wire::JobState,
    stage: Option<String>,
    progress_ratio: f64,
}

impl Following {
    /// Whether the caller was disabled, or signed out. That it cannot be asked now ends nothing.
    async fn is_kept_out(&self) -> bool {
        match self.credentials.clone().identity().await {
            Identity::Known(_) => false,
            Identity::Refused(problem) => !problem.status.is_server_error(),
            Identity::Anonymous => true,
        }
    }

    /// What is new, and whether the job is over.
    async fn look(&mut self, shown: &mut Option<Seen>) -> Result<(Vec<Bytes>, bool), DbError> {
        let jobs = &self.jobs.0.jobs;
        // The row first: the lines that its state stands on are there when it is read.
        let Some(job) = jobs.one(self.id).await? else {
            return Ok((vec![gone()], true));
        };
        let mut frames = Vec::new();
        let whole = loop {
            let lines = jobs.events_after(self.id, self.after, LINES).await?;
            let count = lines.len() as u64;
            for line in lines {
                self.after = line.id;
                let (id, name) = (line.id, line.event.clone());
                frames.extend(frame(Some(id), &name, &api::event(line)));
            }
            if count < LINES {
                break true;
            }
            if frames.len() as u64 >= 10 * LINES {
                break false;
            }
        };
        let progress = self.progress(&job);
        if shown.as_ref() != Some(&progress) {
            frames.extend(frame(None, "progress", &progress));
            *shown = Some(progress);
        }
        let over = whole && is_ended(job.state);
        if over {
            frames.extend(frame(None, "end", &api::job(job, self.jobs.0.clock.now())));
        }
        Ok((frames, over))
    }

    fn progress(&self, job: &job::Model) -> Seen {
        Seen {
            rev: job.rev,
            state: api::state(job, self.jobs.0.clock.now()),
            stage: job.stage.clone(),
            progress_ratio: job.progress,
        }
    }
}

/// The job was deleted while it was followed.
fn gone() -> Bytes {
    Bytes::from_static(b"event: bye\ndata: {\"reason\":\"gone\"}\n\n")
}

fn frame(id: Option<i64>, name: &str, data: &impl Serialize) -> Option<Bytes> {
    let data = serde_json::to_string(data).ok()?;
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Some(Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n")))
}
