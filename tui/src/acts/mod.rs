//! Acts: each is one entry in one list, which makes its key, its line in the menu, the palette, the
//! footer and the help, and its command in the shell.
//!
//! An act is planned from a [`Draft`] by a pure function. The plan says what to ask the server or
//! the person first, and what to send at last; the console's dialogs and the shell both follow it.

mod form;
pub mod nouns;
mod plan;

pub use form::{Field, FieldKind, Values, empty};
pub use plan::{Ask, Call, Confirm, Done, Look, Plan, Refusal, Tell};

use crate::object::Object;

/// What an act is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Nothing in particular.
    House,
    /// The row under the cursor.
    One,
    /// The marked rows, else the row under the cursor.
    Many,
}

/// Something that can be done.
pub struct Act {
    /// The shell's noun, and the list that it belongs to: `jobs`.
    pub noun: &'static str,
    /// The shell's verb: `cancel`.
    pub verb: &'static str,
    /// In the screens that list it; `None` for what only the menu offers.
    pub key: Option<char>,
    /// In the footer and the menu.
    pub label: &'static str,
    /// One line for the help and the shell.
    pub help: &'static str,
    pub on: On,
    /// Whether it changes something: auditors see it dimmed.
    pub writes: bool,
    /// What it has to be told first; a form asks for these.
    pub fields: &'static [Field],
    /// Whether it can be done to that, and why not.
    pub fits: fn(&Object) -> Result<(), String>,
    /// What to ask and to send.
    pub plan: fn(&Draft) -> Result<Plan, Refusal>,
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.noun, self.verb)
    }
}

impl PartialEq for Act {
    fn eq(&self, other: &Act) -> bool {
        self.noun == other.noun && self.verb == other.verb
    }
}

/// Every row that a filter leaves; the server resolves it at the preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Everything {
    pub filter: String,
    /// As last counted.
    pub count: Option<i64>,
}

/// An act on its way to a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub objects: Vec<Object>,
    /// Instead of objects.
    pub everything: Option<Everything>,
    pub values: Values,
    /// How old the picture is from which the objects were taken, when that matters.
    pub stale_s: Option<i64>,
}

impl Draft {
    /// Of these objects.
    pub fn of(objects: Vec<Object>) -> Draft {
        Draft {
            objects,
            ..Draft::default()
        }
    }

    /// The only or the first object.
    pub fn first(&self) -> Result<&Object, Refusal> {
        self.objects
            .first()
            .ok_or_else(|| Refusal::new("choose a row first"))
    }

    /// Whether it is about more than one row.
    pub fn is_bulk(&self) -> bool {
        self.everything.is_some() || self.objects.len() > 1
    }
}

/// For [`Act::fits`] of what fits everything.
pub fn fits_all(_: &Object) -> Result<(), String> {
    Ok(())
}
