//! What can be done to jobs.

use api::console::{BulkDone, BulkPreview, BulkRun, Job, JobState, JobsAction, JobsBulk};

use super::PATH;
use crate::acts::{Act, Ask, Call, Done, Draft, On, Plan, Refusal};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&CANCEL, &RETRY, &REPLAY];

/// A replay dearer than this is asked about.
const DEAR_NANOS: i64 = 1_000_000_000;

fn state(object: &Object) -> Result<JobState, String> {
    match object {
        Object::Job(job) => Ok(job.state),
        _ => Err("choose a job first".to_owned()),
    }
}

fn job(draft: &Draft) -> Result<&Job, Refusal> {
    match draft.first()? {
        Object::Job(job) => Ok(job),
        _ => Err(Refusal::new("choose a job first")),
    }
}

fn refuse(object: &Object, state: JobState, what: &str) -> Result<(), String> {
    Err(format!("{} is {state}: {what}", object.name()))
}

/// Stops jobs.
pub static CANCEL: Act = Act {
    noun: "jobs",
    verb: "cancel",
    key: Some('c'),
    label: "cancel",
    help: "stops a job; what it spent stays spent",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match state(object)? {
        over if over.is_over() => refuse(object, over, "only what is not over can be cancelled"),
        _ => Ok(()),
    },
    plan: |draft| {
        if draft.is_bulk() {
            return Ok(bulk(draft, JobsAction::Cancel));
        }
        let job = job(draft)?;
        let request = Request::post(format!("{PATH}/{}/cancel", job.id));
        let call = Call::new(request, changed);
        if job.state != JobState::Running {
            return Ok(Plan::Send(call));
        }
        let ask = Ask::yes(format!("Cancel job {}", job.id), call).line(format!(
            "{} is at {}; spent so far {}",
            job.kind,
            units::percent(job.progress_ratio),
            job.cost_nanos
                .map_or_else(|| units::UNKNOWN.to_owned(), units::money_fine)
        ));
        Ok(ask.into())
    },
};

fn changed(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let job: Job = reply.decode()?;
    Ok(Done::new(format!("job {} is {}", job.id, job.state)).job(job.id))
}

/// Lets jobs try at once.
pub static RETRY: Act = Act {
    noun: "jobs",
    verb: "retry",
    key: Some('t'),
    label: "retry now",
    help: "lets a waiting job try at once",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match state(object)? {
        JobState::Retrying | JobState::AwaitingBudget | JobState::AwaitingInput => Ok(()),
        other => refuse(
            object,
            other,
            "only what waits can be tried again; p replays",
        ),
    },
    plan: |draft| {
        if draft.is_bulk() {
            return Ok(bulk(draft, JobsAction::Retry));
        }
        let request = Request::post(format!("{PATH}/{}/retry", job(draft)?.id));
        Ok(Plan::Send(Call::new(request, changed)))
    },
};

/// Does jobs again.
pub static REPLAY: Act = Act {
    noun: "jobs",
    verb: "replay",
    key: Some('p'),
    label: "replay",
    help: "does a failed or cancelled job again, as a new one",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match state(object)? {
        JobState::Failed | JobState::Cancelled => Ok(()),
        other => refuse(object, other, "only failed and cancelled jobs are replayed"),
    },
    plan: |draft| {
        if draft.is_bulk() {
            return Ok(bulk(draft, JobsAction::Replay));
        }
        let job = job(draft)?;
        let request = Request::post(format!("{PATH}/{}/replay", job.id));
        let call = Call::new(request, |draft, reply| {
            let job: Job = reply.decode()?;
            let from = draft.objects.first().map(Object::id).unwrap_or_default();
            Ok(Done::new(format!("job {} does {from} again", job.id)).job(job.id))
        });
        let quote = job.quote_nanos.unwrap_or(0);
        if quote <= DEAR_NANOS {
            return Ok(Plan::Send(call));
        }
        let owner = job.owner_email.as_deref().unwrap_or("the house");
        let ask = Ask::yes(format!("Replay job {}", job.id), call).line(format!(
            "a new job; about {} held from {owner}",
            units::money(quote)
        ));
        Ok(ask.into())
    },
};

/// Many jobs: the server says what it would do, then does exactly that.
fn bulk(draft: &Draft, action: JobsAction) -> Plan {
    let ids = draft
        .objects
        .iter()
        .filter_map(|object| object.id().parse().ok())
        .collect();
    let body = JobsBulk {
        action,
        ids: draft.everything.is_none().then_some(ids),
        filter: draft
            .everything
            .as_ref()
            .map(|everything| everything.filter.clone()),
    };
    let request = Request::post(format!("{PATH}/bulk/preview")).json(&body);
    Plan::look(request, move |_, reply| previewed(action.word(), reply))
}

fn previewed(verb: &str, reply: &Reply) -> Result<Plan, Failure> {
    let preview: BulkPreview = reply.decode()?;
    let kinds: Vec<String> = preview
        .by_kind
        .iter()
        .map(|kind| format!("{} {}", kind.value, kind.count))
        .collect();
    let skipped: Vec<String> = preview
        .skipped
        .iter()
        .map(|skipped| format!("{} {}", skipped.reason, skipped.count))
        .collect();
    let body = BulkRun {
        preview_token: preview.preview_token,
    };
    let request = Request::post(format!("{PATH}/bulk")).json(&body);
    let done = |_: &Draft, reply: &Reply| {
        let done: BulkDone = reply.decode()?;
        let skipped = done.skipped.iter().map(|skipped| skipped.count).sum();
        let text = match done.job {
            Some(job) => format!("job {job} does it, batch by batch"),
            None => format!("done for {} jobs, {skipped} skipped", done.done),
        };
        Ok(Done {
            text,
            skipped,
            jobs: done.job.map_or(done.job_ids, |job| vec![job]),
            ..Done::default()
        })
    };
    let mut ask = Ask::yes(
        format!("{verb} {} jobs", preview.count),
        Call::new(request, done),
    )
    .line(format!(
        "{} | {} owners | quoted ~{}",
        kinds.join(", "),
        preview.owners,
        units::money(preview.cost_nanos)
    ));
    if preview.more {
        ask =
            ask.warn("more match than one act takes: these alone; narrow the filter for the rest");
    }
    if !skipped.is_empty() {
        ask = ask.line(format!("skipped: {}", skipped.join(", ")));
    }
    Ok(ask.word(format!("{verb} {}", preview.count)).into())
}
