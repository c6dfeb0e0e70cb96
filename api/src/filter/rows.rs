//! Filters applied to rows at hand. The server's SQL means the same.

use std::{borrow::Cow, cmp::Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Comparison, Filter, Term, Test, Value};

/// A field of this name is open to the end: `since:2026-11-20` means then or later.
pub const SINCE: &str = "since";

/// A row of a list, as filters see it.
pub trait Row {
    /// What a field holds, if anything. Of an age: [`Value::Time`], since when.
    fn value(&self, field: &str) -> Option<Value>;
    /// Where bare words are looked for.
    fn texts(&self) -> Vec<Cow<'_, str>>;
}

impl Filter {
    /// Whether a row is asked for.
    pub fn holds(&self, row: &impl Row, now: DateTime<Utc>) -> bool {
        self.terms.iter().all(|term| term.holds(row, now))
    }
}

impl Term {
    fn holds(&self, row: &impl Row, now: DateTime<Utc>) -> bool {
        let holds = match &self.test {
            Test::Text(text) => {
                let text = text.to_lowercase();
                row.texts()
                    .iter()
                    .any(|place| place.to_lowercase().contains(&text))
            }
            Test::Missing(field) => row.value(field).is_none(),
            Test::Present(field) => row.value(field).is_some(),
            Test::OneOf(field, values) => row
                .value(field)
                .is_some_and(|held| values.iter().any(|value| equal(field, &held, value, now))),
            Test::Compare(field, comparison, value) => row
                .value(field)
                .and_then(|held| order(&held, value, now))
                .is_some_and(|order| comparison.admits(order)),
        };
        holds != self.negated
    }
}

impl Comparison {
    /// Whether what is held may stand so to the value that is asked for.
    #[must_use]
    pub const fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

fn equal(field: &str, held: &Value, asked: &Value, now: DateTime<Utc>) -> bool {
    match (held, asked) {
        (Value::Text(held), Value::Text(asked)) => held.to_lowercase() == asked.to_lowercase(),
        // An age is told in whole seconds.
        (Value::Time(since), Value::Seconds(seconds)) => {
            now.signed_duration_since(since).num_seconds() == *seconds
        }
        (Value::Time(held), Value::Time(asked)) if field == SINCE => held >= asked,
        (held, asked) => held == asked,
    }
}

fn order(held: &Value, asked: &Value, now: DateTime<Utc>) -> Option<Ordering> {
    match (held, asked) {
        (Value::Integer(held), Value::Integer(asked))
        | (Value::Nanos(held), Value::Nanos(asked))
        | (Value::Bytes(held), Value::Bytes(asked)) => Some(held.cmp(asked)),
        (Value::Ratio(held), Value::Ratio(asked)) => held.partial_cmp(asked),
        (Value::Time(held), Value::Time(asked)) => Some(held.cmp(asked)),
        (Value::Time(since), Value::Seconds(seconds)) => {
            let age = now.signed_duration_since(since);
            let asked = TimeDelta::try_seconds(*seconds).unwrap_or(TimeDelta::MAX);
            Some(age.cmp(&asked))
        }
        _ => None,
    }
}
