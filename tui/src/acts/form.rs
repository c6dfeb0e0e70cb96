//! What an act has to be told.

use std::collections::BTreeMap;

use super::Refusal;
use crate::object::Object;
use crate::text::units;

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    /// Not shown while typed.
    Secret,
    /// Dollars; a dash is none.
    Money,
    Number,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// A field of a form, and an option of the shell's command.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub label: &'static str,
    /// What is allowed.
    pub help: &'static str,
    pub kind: FieldKind,
    pub required: bool,
    /// What stands there at first.
    pub initial: fn(&[Object]) -> String,
}

/// For [`Field::initial`] of what begins empty.
pub fn empty(_: &[Object]) -> String {
    String::new()
}

impl Field {
    /// Why `text` will not do.
    pub fn check(&self, text: &str) -> Result<(), Refusal> {
        let text = text.trim();
        let refuse = |why: String| Err(Refusal::of(self.name, why));
        if text.is_empty() {
            return if self.required {
                refuse(format!("{} is needed: {}", self.label, self.help))
            } else {
                Ok(())
            };
        }
        match self.kind {
            FieldKind::Money if text != "-" && units::parse_dollars(text).is_none() => {
                refuse(format!("{} is dollars, as 20 or 0.25", self.label))
            }
            FieldKind::Number if text.parse::<f64>().is_err() => {
                refuse(format!("{} is a number", self.label))
            }
            FieldKind::Choice(words) if !words.contains(&text) => {
                refuse(format!("{} is one of {}", self.label, words.join(", ")))
            }
            _ => Ok(()),
        }
    }
}

/// The values of a form, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.insert(name, value.into());
    }

    /// The trimmed text, empty when nothing was said.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    /// The text, unless it is empty.
    pub fn some(&self, name: &str) -> Option<String> {
        let text = self.text(name);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Nano-dollars; a dash or nothing is none.
    pub fn money(&self, name: &'static str) -> Result<Option<i64>, Refusal> {
        match self.text(name) {
            "" | "-" => Ok(None),
            text => units::parse_dollars(text)
                .map(Some)
                .ok_or_else(|| Refusal::of(name, "dollars are wanted, as 20 or 0.25")),
        }
    }

    /// A number.
    pub fn number(&self, name: &'static str) -> Result<f64, Refusal> {
        self.text(name)
            .parse()
            .map_err(|_| Refusal::of(name, "a number is wanted"))
    }
}
