//! The things that commands name, and how the thing that a person means is found.

use api::filter::{self, Schema};

use super::Act;
use crate::client::{Failure, Reply, Request};
use crate::object::Object;

/// A noun of the palette and the shell.
pub struct Noun {
    pub name: &'static str,
    pub help: &'static str,
    /// Asks for the one thing of that id or name.
    pub find: fn(&str) -> Request,
    /// The things of an answer, of one or of a page of them.
    pub read: fn(&Reply) -> Result<Vec<Object>, Failure>,
    /// The list's address; `None` where the noun has no list of its own.
    pub list: Option<&'static str>,
    pub schema: &'static Schema,
    pub acts: &'static [&'static Act],
}

/// For lists that cannot be filtered.
pub static NO_FIELDS: Schema = Schema {
    fields: &[],
    default_sort: "",
};

/// Every noun.
pub static NOUNS: &[&Noun] = &[
    &crate::screens::alarms::NOUN,
    &crate::screens::users::NOUN,
    &crate::screens::budgets::NOUN,
    &crate::screens::jobs::NOUN,
    &crate::screens::streams::NOUN,
    &crate::screens::ledger::NOUN,
    &crate::screens::retention::NOUN,
    &crate::screens::runs::NOUN,
    &crate::screens::providers::NOUN,
    &crate::screens::audit::NOUN,
    &crate::screens::system::NOUN,
    &crate::screens::deleted::NOUN,
    &crate::screens::settings::NOUN,
];

/// The noun of that name.
pub fn noun(name: &str) -> Option<&'static Noun> {
    NOUNS.iter().find(|noun| noun.name == name).copied()
}

/// Every act, once.
pub fn acts() -> Vec<&'static Act> {
    NOUNS
        .iter()
        .flat_map(|noun| noun.acts.iter().filter(|act| act.noun == noun.name))
        .copied()
        .collect()
}

/// The act of that noun and verb.
pub fn act(noun: &str, verb: &str) -> Option<&'static Act> {
    acts()
        .into_iter()
        .find(|act| act.noun == noun && act.verb == verb)
}

impl Noun {
    /// Those of an answer's things that are called so. Where the server was asked by the name, all
    /// of them are; not so where it was asked for everything there is.
    pub fn called(&self, objects: Vec<Object>, name: &str) -> Vec<Object> {
        let exact = |object: &Object| object.id() == name || object.name() == name;
        let asked_by_name = (self.find)(name) != (self.find)("");
        if name.is_empty() || (asked_by_name && !objects.iter().any(exact)) {
            objects
        } else {
            objects.into_iter().filter(exact).collect()
        }
    }
}

/// A page or a single thing.
pub fn read_rows<T: serde::de::DeserializeOwned>(
    reply: &Reply,
    object: fn(T) -> Object,
) -> Result<Vec<Object>, Failure> {
    if let Ok(page) = reply.decode::<crate::client::request::Page<T>>() {
        return Ok(page.items.into_iter().map(object).collect());
    }
    reply.decode::<T>().map(|row| vec![object(row)])
}

/// A phrase of a filter that stands for `text` and nothing else.
pub fn phrase(text: &str) -> String {
    let plain: String = text.chars().filter(|letter| *letter != '"').collect();
    filter::Value::Text(plain).to_string()
}
