//! The routes under `/api/jobs`: parse, one call, render.

use chrono::{DateTime, Utc};
use entities::{
    JobId, UserId,
    jobs::{job, job_event},
};
use poem::http::{HeaderValue, header};
use tokio::time::Instant;
use uuid::Uuid;

pub(super) use api::jobs as wire;

use super::{
    OwnJobs, cursor,
    error::JobsError,
    events::{self, Following},
};
use crate::platform::{
    http::{Call, EventStream, Json, Member, NoBody, Operation, Problem, Query, Registry},
    jobs::{JobFilter, JobSort, ShownState},
};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 200;
/// Words that one filter may have.
const FILTER_WORDS: usize = 50;

/// Mounts the routes.
pub(crate) fn register(registry: &mut Registry, jobs: &OwnJobs) {
    registry.mount_with(
        Operation::get("/api/jobs")
            .summary("List your jobs")
            .description("The newest first, unless `sort` says otherwise.")
            .tag("jobs")
            .refuses(&[400]),
        jobs.clone(),
        list,
    );
    let of_one = |operation: Operation| operation.tag("jobs").path_parameter("id", "string");
    registry.mount_with(
        of_one(Operation::get("/api/jobs/{id}").summary("One of your jobs")).refuses(&[404]),
        jobs.clone(),
        one,
    );
    registry.mount_with(
        of_one(Operation::get("/api/jobs/{id}/events").summary("Follow a job's log"))
            .description(
                "Each line of the log is an event with an `id`; `progress` tells how far the job \
                 is; `end` carries the job when it is over, and the stream ends.",
            )
            .reads_header(
                "Last-Event-ID",
                "The last line that you have; what follows it is sent.",
            )
            .refuses(&[400, 404, 503]),
        jobs.clone(),
        follow,
    );
    registry.mount_with(
        of_one(Operation::post("/api/jobs/{id}/cancel").summary("Stop a job"))
            .description(
                "A waiting job is over at once, a running one is told within a second. A job that \
                 is over stays as it is.",
            )
            .refuses(&[404]),
        jobs.clone(),
        cancel,
    );
    registry.mount_with(
        of_one(Operation::post("/api/jobs/{id}/input").summary("Answer what a job asks"))
            .description(
                "For a job in `awaiting_input`; what it takes depends on its kind, and \
                 `input_prompt` says what it asks.",
            )
            .refuses(&[404, 409]),
        jobs.clone(),
        give_input,
    );
}

fn user(call: &Call<Member>) -> UserId {
    UserId(call.principal().user_id)
}

fn id(call: &Call<Member>) -> Result<JobId, Problem> {
    let id: Uuid = call.path_or_missing("id", "Job not found")?;
    Ok(JobId(id))
}

async fn list(
    jobs: OwnJobs,
    call: Call<Member>,
    Query(query): Query<wire::JobsQuery>,
) -> Result<Json<wire::JobPage>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("Must be between 1 and {MAX_LIMIT}");
        return Err(Problem::invalid(&["query", "limit"], message));
    }
    let filter = filter(&query)?;
    let sort = match &query.sort {
        None => JobSort::default(),
        Some(text) => JobSort::parse(text).ok_or_else(|| {
            let message = format!(
                "Must be one of {}, or one with `-` before it",
                JobSort::NAMES
            );
            Problem::invalid(&["query", "sort"], message)
        })?,
    };
    let after = query
        .cursor
        .map(|text| cursor::decode(&text, &filter, sort))
        .transpose()?;
    let page = jobs
        .list(user(&call), filter.clone(), sort, after.as_ref(), limit)
        .await?;
    let now = jobs.0.clock.now();
    Ok(Json(wire::JobPage {
        items: page.items.into_iter().map(|row| job(row, now)).collect(),
        next_cursor: page
            .next
            .and_then(|next| cursor::encode(filter, sort, next)),
    }))
}

fn filter(query: &wire::JobsQuery) -> Result<JobFilter, Problem> {
    let words = |field: &str, text: &Option<String>| {
        let words: Vec<String> = text
            .iter()
            .flat_map(|text| text.split(','))
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        if words.len() > FILTER_WORDS {
            let message = format!("At most {FILTER_WORDS} are allowed");
            return Err(Problem::invalid(&["query", field], message));
        }
        Ok(words)
    };
    let states = words("state", &query.state)?;
    let states = states.iter().map(|word| {
        ShownState::parse(word).ok_or_else(|| {
            let known = ShownState::ALL.map(ShownState::as_str).join(", ");
            Problem::invalid(&["query", "state"], format!("Must be some of {known}"))
        })
    });
    Ok(JobFilter {
        states: states.collect::<Result<_, _>>()?,
        kinds: words("kind", &query.kind)?,
        ..JobFilter::default()
    })
}

async fn one(jobs: OwnJobs, call: Call<Member>, _: NoBody) -> Result<Json<wire::Job>, Problem> {
    let found = jobs.one(user(&call), id(&call)?).await?;
    Ok(Json(job(found, jobs.0.clock.now())))
}

async fn cancel(jobs: OwnJobs, call: Call<Member>, _: NoBody) -> Result<Json<wire::Job>, Problem> {
    let stopped = jobs.cancel(user(&call), id(&call)?).await?;
    Ok(Json(job(stopped, jobs.0.clock.now())))
}

async fn give_input(
    jobs: OwnJobs,
    call: Call<Member>,
    Json(body): Json<wire::JobInput>,
) -> Result<Json<wire::Job>, Problem> {
    let job_id = id(&call)?;
    let given = jobs.give_input(user(&call), job_id, body.input).await?;
    Ok(Json(job(given, jobs.0.clock.now())))
}

async fn follow(jobs: OwnJobs, call: Call<Member>, _: NoBody) -> Result<EventStream, Problem> {
    let (user, id) = (user(&call), id(&call)?);
    let after = match call.header("last-event-id").map(str::trim) {
        None | Some("") => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Problem::bad_request("Last-Event-ID must be the id of an event"))?,
    };
    jobs.one(user, id).await?;
    let reading = jobs.0.readers.admit(user);
    let reading = reading.ok_or(JobsError::TooManyReaders)?;
    let left = call.principal().expires_at - jobs.0.clock.now();
    let following = Following {
        until: Instant::now() + left.to_std().unwrap_or_default(),
        credentials: call.credentials(),
        jobs,
        id,
        after,
        reading,
    };
    let no_transform = HeaderValue::from_static("no-cache, no-transform");
    Ok(EventStream::new(events::frames(following)).header(header::CACHE_CONTROL, no_transform))
}

/// A job on the wire.
pub(super) fn job(row: job::Model, now: DateTime<Utc>) -> wire::Job {
    let state = state(&row, now);
    wire::Job {
        id: row.id.0,
        state,
        kind: row.kind,
        subject_type: row.subject_type,
        subject_id: row.subject_id,
        stage: row.stage,
        progress_ratio: row.progress,
        attempt: row.attempts,
        attempts: row.max_attempts,
        error: error(row.error_class, row.error_message),
        input_prompt: row
            .input_prompt
            .filter(|_| state == wire::JobState::AwaitingInput),
        created_at: row.created_at,
        run_after: row.run_at,
        started_at: row.started_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
        replay_of: row.replay_of.map(|id| id.0),
        replayed_by: row.replayed_by.map(|id| id.0),
        rev: row.rev,
    }
}

/// A job's state on the wire.
pub(super) fn state(row: &job::Model, now: DateTime<Utc>) -> wire::JobState {
    match ShownState::of(row, now) {
        ShownState::Queued => wire::JobState::Queued,
        ShownState::Retrying => wire::JobState::Retrying,
        ShownState::Running => wire::JobState::Running,
        ShownState::AwaitingInput => wire::JobState::AwaitingInput,
        ShownState::AwaitingBudget => wire::JobState::AwaitingBudget,
        ShownState::Succeeded => wire::JobState::Succeeded,
        ShownState::Failed => wire::JobState::Failed,
        ShownState::Cancelled => wire::JobState::Cancelled,
    }
}

/// A line of a job's log on the wire.
pub(super) fn event(row: job_event::Model) -> wire::JobEvent {
    wire::JobEvent {
        id: row.id,
        at: row.created_at,
        event: row.event,
        attempt: row.attempt,
        stage: row.stage,
        error: error(row.error_class, row.message),
    }
}

fn error(class: Option<String>, message: Option<String>) -> Option<wire::JobError> {
    Some(wire::JobError {
        class: class?,
        message: message.unwrap_or_default(),
    })
}
