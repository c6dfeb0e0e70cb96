//! What can be changed of what users see.

use api::admin::{AppSettings, ChangeAppSettings};

use super::{PATH, fields};
use crate::acts::{Act, Call, Done, Draft, Field, FieldKind, On, Plan, Refusal, fits_all};
use crate::client::{Reply, Request};
use crate::object::Object;

/// In the order of the footer.
pub static ACTS: &[&Act] = &[&CHANGE];

fn at(objects: &[Object], index: usize) -> String {
    match objects.first() {
        Some(Object::Branding(settings)) => fields(settings)
            .get(index)
            .map_or_else(String::new, |(_, value)| (*value).to_owned()),
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

static CHANGE: Act = Act {
    noun: "settings",
    verb: "set",
    key: Some('c'),
    label: "change",
    help: "changes what users see; what is left as it is stays",
    on: On::One,
    writes: true,
    fields: &[
        field("name", "the name of the house", FieldKind::Text, |o| {
            at(o, 0)
        }),
        field(
            "icon",
            "Space turns",
            FieldKind::Choice(&["sparkles", "file", "bot", "book", "bolt", "compass"]),
            |o| at(o, 1),
        ),
        field(
            "preset",
            "Space turns",
            FieldKind::Choice(&["minimal", "gradient", "classic"]),
            |o| at(o, 2),
        ),
        field("primary", "a colour, as #1a2b3c", FieldKind::Text, |o| {
            at(o, 3)
        }),
        field("accent", "a colour, as #1a2b3c", FieldKind::Text, |o| {
            at(o, 4)
        }),
        field(
            "welcome",
            "said above the first question",
            FieldKind::Text,
            |o| at(o, 5),
        ),
        field(
            "prompt1",
            "a first question to click",
            FieldKind::Text,
            |o| at(o, 6),
        ),
        field(
            "prompt2",
            "a first question to click",
            FieldKind::Text,
            |o| at(o, 7),
        ),
        field(
            "prompt3",
            "a first question to click",
            FieldKind::Text,
            |o| at(o, 8),
        ),
    ],
    fits: fits_all,
    plan: |draft| {
        let Object::Branding(before) = draft.first()? else {
            return Err(Refusal::new("the settings are not loaded yet"));
        };
        let known = fields(before);
        let changed = |index: usize| {
            let (name, old) = known.get(index).copied()?;
            draft.values.some(name).filter(|new| new != old)
        };
        let body = ChangeAppSettings {
            app_name: changed(0),
            app_icon: changed(1),
            theme_preset: changed(2),
            primary_color: changed(3),
            accent_color: changed(4),
            app_favicon: None,
            welcome_message: changed(5),
            suggested_prompt_1: changed(6),
            suggested_prompt_2: changed(7),
            suggested_prompt_3: changed(8),
        };
        let request = Request::post(PATH).json(&body);
        let done = |_: &Draft, reply: &Reply| {
            let now: AppSettings = reply.decode()?;
            Ok(Done::new(format!("{} looks as you said", now.app_name)))
        };
        Ok(Plan::Send(Call::new(request, done).undoable()))
    },
};
