//! Budgets: where does the money go, who runs out when?

pub mod acts;

use api::console::SpendLine;
use api::filter::SPEND;

use crate::acts::nouns::{Noun, read_rows};
use crate::object::Object;

/// The shell's noun.
pub static NOUN: Noun = Noun {
    name: "budgets",
    help: "limits, and what is left of them",
    find: crate::screens::users::find,
    read: |reply| read_rows(reply, |user| Object::User(Box::new(user))),
    list: Some("/api/admin/spend"),
    schema: &SPEND,
    acts: acts::ACTS,
};

/// The object of a line.
pub fn object(line: SpendLine) -> Object {
    Object::Spend(Box::new(line))
}
