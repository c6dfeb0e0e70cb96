//! What can be done about how long data is kept.

use api::console::{DaysSource, RetentionClass, RetentionPreview, RunRetention, SetRetention};

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
        let days = draft.values.number("days")?;
        if !days.is_finite() || days < 0.0 {
            return Err(Refusal::of("days", "0 and more"));
        }
        let request = Request::get(format!("{PATH}/preview"))
            .with("classes", class.class.clone())
            .with("days", days.to_string());
        Ok(Plan::Look {
            request,
            next: supposed,
        })
    },
};

fn supposed(draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let preview: RetentionPreview = reply.decode()?;
    let refused = |refusal: Refusal| Failure::Credentials(refusal.text);
    let class = class(draft).map_err(refused)?;
    let days = draft.values.number("days").map_err(refused)?;
    let request = Request::new(Method::Put, format!("{PATH}/{}", segment(&class.class)))
        .json(&SetRetention { days });
    let call = Call::new(request, |draft, reply| {
        let class: RetentionClass = reply.decode()?;
        let days = class.days.unwrap_or(0.0);
        let name = draft.objects.first().map(Object::name).unwrap_or_default();
        Ok(Done::new(if days > 0.0 {
            format!("{name} is kept for {days} days")
        } else {
            format!("{name} is kept for ever")
        }))
    })
    .undoable();
    let Some(forecast) = preview
        .items
        .first()
        .filter(|forecast| forecast.rows + forecast.blobs > 0)
    else {
        return Ok(Plan::Send(call));
    };
    let before = class.days.unwrap_or(0.0);
    let ask = Ask::yes(format!("{}: {before} to {days} days", class.class), call)
        .warn(format!(
            "the next run deletes {} rows, {} files, {}, of {} users",
            units::count_i(forecast.rows),
            units::count_i(forecast.blobs),
            units::bytes(forecast.bytes.unsigned_abs()),
            units::count_i(forecast.users)
        ))
        .line(format!(
            "held back: {} rows that jobs need",
            units::count_i(forecast.held_back)
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
        let done = |draft: &Draft, _: &Reply| {
            let name = draft.objects.first().map(Object::name).unwrap_or_default();
            Ok(Done::new(format!("{name} has its default days")))
        };
        let call = Call::new(Request::new(Method::Delete, path), done).undoable();
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
        Ok(Plan::Look {
            request,
            next: previewed,
        })
    },
};

fn previewed(draft: &Draft, reply: &Reply) -> Result<Plan, Failure> {
    let preview: RetentionPreview = reply.decode()?;
    let rows: i64 = preview.items.iter().map(|forecast| forecast.rows).sum();
    let blobs: i64 = preview.items.iter().map(|forecast| forecast.blobs).sum();
    let bytes: i64 = preview.items.iter().map(|forecast| forecast.bytes).sum();
    let Some(token) = preview.preview_token else {
        return Err(Failure::Credentials(
            "this preview cannot be run: ask again".to_owned(),
        ));
    };
    if rows + blobs == 0 {
        return Err(Failure::Credentials(
            "nothing is due: there is nothing to run".to_owned(),
        ));
    }
    let body = RunRetention {
        classes: draft.objects.iter().map(Object::id).collect(),
        preview_token: token,
    };
    let request = Request::post(format!("{PATH}/run")).json(&body);
    let call = Call::new(request, |_, _| {
        Ok(Done::new("the run has begun: Enter shows runs"))
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
            "{}: {} rows of {} users",
            forecast.class,
            units::count_i(forecast.rows),
            units::count_i(forecast.users)
        ));
    }
    Ok(ask.word(format!("delete {rows}")).into())
}
