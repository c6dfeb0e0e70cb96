//! What can be changed of what users see.

use api::admin::AppSettings;

use super::PATH;
use super::branding::{self, FIELDS};
use crate::acts::{Act, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal};
use crate::client::{Failure, Reply, Request};
use crate::object::Object;
use crate::screens::budgets::acts::DEFAULTS;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&CHANGE, &DEFAULTS];

/// As the form begins.
fn at(objects: &[Object], index: usize) -> String {
    match (objects.first(), FIELDS.get(index)) {
        (Some(Object::Branding(settings)), Some(field)) => field.initial(settings),
        _ => String::new(),
    }
}

const fn field(
    name: &'static str,
    help: &'static str,
    kind: FieldKind,
    initial: fn(&[Object]) -> String,
) -> Field {
    Field {
        name,
        label: name,
        help,
        kind,
        required: false,
        initial,
    }
}

const COLOUR: &str = "a colour, as #1a2b3c";
const PROMPT: &str = "a first question to click, up to 180 characters; - is none";
const ICONS: FieldKind = FieldKind::Choice(&["sparkles", "file", "bot", "book", "bolt", "compass"]);
const PRESETS: FieldKind = FieldKind::Choice(&["minimal", "gradient", "classic"]);

/// Changes what users see.
pub static CHANGE: Act = Act {
    noun: "settings",
    verb: "set",
    key: Some('c'),
    label: "change",
    help: "changes what users see; what is left as it is stays",
    on: On::One,
    writes: true,
    fields: &[
        field("name", "1 to 100 characters", FieldKind::Text, |o| at(o, 0)),
        field("icon", "Space turns", ICONS, |o| at(o, 1)),
        field("preset", "Space turns", PRESETS, |o| at(o, 2)),
        field("primary", COLOUR, FieldKind::Text, |o| at(o, 3)),
        field("accent", COLOUR, FieldKind::Text, |o| at(o, 4)),
        field(
            "welcome",
            "above the first question, up to 255 characters; - is nothing",
            FieldKind::Text,
            |o| at(o, 5),
        ),
        field("prompt1", PROMPT, FieldKind::Text, |o| at(o, 6)),
        field("prompt2", PROMPT, FieldKind::Text, |o| at(o, 7)),
        field("prompt3", PROMPT, FieldKind::Text, |o| at(o, 8)),
    ],
    fits: |object| match object {
        Object::Branding(_) => Ok(()),
        _ => Err("the settings are not loaded yet".to_owned()),
    },
    plan,
};

fn plan(draft: &Draft) -> Result<Plan, Refusal> {
    let Object::Branding(before) = draft.first()? else {
        return Err(Refusal::new("the settings are not loaded yet"));
    };
    for name in ["primary", "accent"] {
        let text = draft.values.text(name);
        if !text.is_empty() && !is_colour(text) {
            return Err(Refusal::of(name, format!("{name} is {COLOUR}")));
        }
    }
    let (body, names) = branding::change(before, |name| draft.values.text(name));
    if names.is_empty() {
        return Err(Refusal::of("name", "nothing is changed"));
    }
    let request = Request::post(PATH).json(&body);
    Ok(Plan::Send(Call::new(request, changed).undoable()))
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// The changed fields with the values as they were answered.
fn changed(draft: &Draft, reply: &Reply) -> Result<Done, Failure> {
    let now: AppSettings = reply.decode()?;
    let Some(Object::Branding(before)) = draft.objects.first() else {
        return Ok(Done::new(format!("{} is changed", now.app_name)));
    };
    let told: Vec<String> = FIELDS
        .iter()
        .filter(|field| (field.read)(before) != (field.read)(&now))
        .map(|field| format!("{} {}", field.name, field.initial(&now)))
        .collect();
    Ok(Done::new(format!("changed: {}", told.join(", "))))
}
