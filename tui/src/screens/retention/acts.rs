//! What can be done about how long data is kept.

use api::console::{
    DaysSource, RetentionClass, RetentionForecast, RetentionPreview, RunRetention, SetRetention,
    StartedJob,
};

use super::PATH;
use crate::acts::{Act, Ask, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal};
use crate::client::request::segment;
use crate::client::{Failure, Method, Reply, Request};
use crate::object::Object;
use crate::text::units;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&DAYS, &RUN, &CLEAR];

fn class(draft: &Draft) -> Result<&RetentionClass, Refusal> {
    match draft.first()? {
        Object::Class(class) => Ok(class),
        _ => Err(Refusal::new("choose a class first")),
    }
}

fn can_change(object: &Object) -> Result<(), String> {
    match object {
        Object::Class(class) if class.source == DaysSource::Fixed => {
            Err(format!("{} cannot be changed", class.class))
        }
        Object::Class(_) => Ok(()),
        _ => Err("choose a class first".to_owned()),
    }
}

static DAYS: Act = Act {
    noun: "retention",
    verb: "set",
    key: Some('d'),
    label: "days",
    help: "how long a class is kept; 0 keeps it for ever",
    on: On::One,
    writes: true,
    fields: &[Field {
        name: "days",
        label: "days",
        help: "a number of days; 0 keeps for ever",
        kind: FieldKind::Number,
        required: true,
        initial: |objects| match objects.first() {
            Some(Object::Class(class)) => {
                class.days.map_or_else(String::new, |days| days.to_string())
            }
            _ => String::new(),
        },
    }],
    fits: can_change,
    plan: |draft| {
        let class = class(draft)?;
        let days = days(draft)?;
        if !is_shorter(class.days, days) {
            return Ok(Plan::Send(keep_for(class, days)));
        }
        let name = class.class.clone();
        let now = Request::get(format!("{PATH}/preview")).with("classes", name.clone());
        let then = now.clone().with("days", days.to_string());
        Ok(Plan::look(now, move |_, reply| {
            let before = forecast(&name, reply)?;
            let compare = move |draft: &Draft, reply: &Reply| supposed(&before, draft, reply);
            Ok(Plan::look(then.clone(), compare))
        }))
    },
};

fn days(draft: &Draft) -> Result<f64, Refusal> {
    let days = draft.values.number("days")?;
    if days.is_finite() && days >= 0.0 {
        Ok(days)
    } else {
        Err(Refusal::of("days", "0 and more; 0 keeps for ever"))
    }
}

/// Whether less is kept than before: 0 and no days keep for ever.
fn is_shorter(before: Option<f64>, after: f64) -> bool {
    let before = before.filter(|days| *days > 0.0);
    after > 0.0 && before.is_none_or(|before| after < before)
}

fn keep_for(class: &RetentionClass, days: f64) -> Call {
    let request = Request::new(Method::Put, format!("{PATH}/{}", segment(&class.class)))
        .json(&SetRetention { days });
    Call::new(request, kept).undoable()
}

/// The days as they were answered.
fn kept(_: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let class: RetentionClass = reply.decode()?;
    Ok(Done::new(format!(
        "{}: {}",
        class.class,
        super::kept(&class)
    )))
}

/// What the server reckons for a class; one that it does not name loses nothing.
fn forecast(class: &str, reply: &Reply) -> Result<RetentionForecast, Failure> {
    let preview: RetentionPreview = reply.decode()?;
    let mut items = preview.items.into_iter();
    let found = items.find(|forecast| forecast.class == class);
    Ok(found.unwrap_or_else(|| RetentionForecast {
        class: class.to_owned(),
        days: 0.0,
        rows: 0,
        blobs: 0,
        bytes: 0,
        users: 0,
        held_back: 0,
    }))
}

/// What the next run deletes, in numbers.
fn deletes(forecast: &RetentionForecast) -> String {
    if forecast.rows + forecast.blobs == 0 {
        return "the next run deletes nothing".to_owned();
    }
    format!(
        "the next run deletes {} rows, {} files, {}, of {} users",
        units::count_i(forecast.rows),
        units::count_i(forecast.blobs),
        units::bytes(forecast.bytes.unsigned_abs()),
        units::count_i(forecast.users)
    )
}

fn supposed(before: &RetentionForecast, draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let pointless = |refusal: Refusal| Failure::Pointless(refusal.text);
    let class = class(draft).map_err(pointless)?;
    let days = days(draft).map_err(pointless)?;
    let call = keep_for(class, days);
    let after = forecast(&class.class, reply)?;
    if (after.rows, after.blobs) == (before.rows, before.blobs) {
        return Ok(Plan::Send(call));
    }
    let days_before = super::columns::days(class.days);
    let title = format!("{}: {days_before} to {days} days", class.class);
    let ask = Ask::yes(title, call)
        .line(format!("before: {}", deletes(before)))
        .warn(format!("after: {}", deletes(&after)))
        .line(format!(
            "held back: {} rows that jobs need",
            units::count_i(after.held_back)
        ));
    Ok(ask.into())
}

static CLEAR: Act = Act {
    noun: "retention",
    verb: "clear",
    key: None,
    label: "default days",
    help: "forgets the days that the console set",
    on: On::One,
    writes: true,
    fields: &[],
    fits: |object| match object {
        Object::Class(class) if class.source == DaysSource::Console => Ok(()),
        Object::Class(class) => Err(format!("the days of {} are not the console's", class.class)),
        _ => Err("choose a class first".to_owned()),
    },
    plan: |draft| {
        let path = format!("{PATH}/{}", segment(&class(draft)?.class));
        let call = Call::new(Request::new(Method::Delete, path), kept).undoable();
        Ok(Plan::Send(call))
    },
};

static RUN: Act = Act {
    noun: "retention",
    verb: "run",
    key: Some('R'),
    label: "run now",
    help: "deletes what a preview shows, and nothing else",
    on: On::Many,
    writes: true,
    fields: &[],
    fits: |object| match object {
        Object::Class(_) => Ok(()),
        _ => Err("choose a class first".to_owned()),
    },
    plan: |draft| {
        let classes: Vec<String> = draft.objects.iter().map(Object::id).collect();
        let request = Request::get(format!("{PATH}/preview")).with("classes", classes.join(","));
        Ok(Plan::look(request, previewed))
    },
};

fn previewed(draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let preview: RetentionPreview = reply.decode()?;
    let rows: i64 = preview.items.iter().map(|forecast| forecast.rows).sum();
    let blobs: i64 = preview.items.iter().map(|forecast| forecast.blobs).sum();
    let bytes: i64 = preview.items.iter().map(|forecast| forecast.bytes).sum();
    let Some(token) = preview.preview_token else {
        return Err(Failure::Pointless(
            "this preview cannot be run: ask again".to_owned(),
        ));
    };
    if rows + blobs == 0 {
        return Err(Failure::Pointless(
            "nothing is due: there is nothing to run".to_owned(),
        ));
    }
    let body = RunRetention {
        classes: draft.objects.iter().map(Object::id).collect(),
        preview_token: token,
    };
    let request = Request::post(format!("{PATH}/run")).json(&body);
    let call = Call::new(request, |_, reply| {
        let job: StartedJob = reply.decode()?;
        Ok(Done::new(format!("job {} runs it", job.job_id)).job(job.job_id))
    });
    let mut ask = Ask::yes("Run retention now", call).warn(format!(
        "deletes {} rows, {} files, {}: gone for good",
        units::count_i(rows),
        units::count_i(blobs),
        units::bytes(bytes.unsigned_abs())
    ));
    for forecast in preview
        .items
        .iter()
        .filter(|forecast| forecast.rows + forecast.blobs > 0)
    {
        ask = ask.line(format!(
            "{}: {} rows, {} files of {} users; {} rows held back",
            forecast.class,
            units::count_i(forecast.rows),
            units::count_i(forecast.blobs),
            units::count_i(forecast.users),
            units::count_i(forecast.held_back)
        ));
    }
    Ok(ask.word(format!("delete {rows}")).into())
}
