//! The one language of filters: what the console, the shell and the server read.
//!
//! Terms are joined by *and*: `field:a,b` (one of), `field>n` `field<n` `field>=n` `field<=n`,
//! `field:-` (none), `field:*` (any), bare words and `"phrases"` (looked for in the list's text), and
//! `-` before a term negates it. Nothing is guessed: an unknown field or value is an error that says
//! where it stands and what is nearest.

mod fields;
mod rows;
mod value;

use std::{fmt, ops::Range};

pub use fields::{
    ACCOUNTS, AUDIT, DELETED, DOCUMENTS, Field, JOBS, Kind, LEDGER, RUNS, SESSIONS, SPEND, STREAMS,
    Schema,
};
pub use rows::{Row, SINCE};
pub use value::Value;

/// Longest filter, in bytes.
pub const LONGEST: usize = 1_000;
/// Most terms of a filter.
pub const MOST_TERMS: usize = 20;
/// Most values of a term.
pub const MOST_VALUES: usize = 50;

/// A filter: all of its terms hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// In the order of the text.
    pub terms: Vec<Term>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Whether the opposite is asked for.
    pub negated: bool,
    /// The condition.
    pub test: Test,
}

/// What a term asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The list's text contains this, in any case.
    Text(String),
    /// The field is one of these.
    OneOf(&'static str, Vec<Value>),
    /// The field compares so.
    Compare(&'static str, Comparison, Value),
    /// The field has no value.
    Missing(&'static str),
    /// The field has some value.
    Present(&'static str),
}

/// How a field compares with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// Where, in bytes of the text.
    pub at: Range<usize>,
    /// What is wrong there, and what would do.
    pub message: String,
    /// What may have been meant.
    pub nearest: Option<String>,
}

impl fmt::Display for FilterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.nearest {
            Some(nearest) => write!(formatter, ". Did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}

/// Reads a filter of a list.
///
/// # Errors
///
/// When the text is too long, or a term is not understood.
pub fn parse(text: &str, schema: &Schema) -> Result<Filter, FilterError> {
    if text.len() > LONGEST {
        return Err(error(
            0..text.len(),
            format!("a filter has at most {LONGEST} bytes"),
        ));
    }
    let mut terms = Vec::new();
    for (at, word) in words(text)? {
        if terms.len() == MOST_TERMS {
            return Err(error(
                at,
                format!("a filter has at most {MOST_TERMS} terms"),
            ));
        }
        terms.push(term(at, word, schema)?);
    }
    Ok(Filter { terms })
}

fn error(at: Range<usize>, message: String) -> FilterError {
    FilterError {
        at,
        message,
        nearest: None,
    }
}

/// The words of the text with their places; blanks between quotes do not part them.
fn words(text: &str) -> Result<Vec<(Range<usize>, &str)>, FilterError> {
    let mut found = Vec::new();
    let mut begin = None;
    let mut quoted_from = None;
    for (at, character) in text.char_indices() {
        match (character, quoted_from) {
            ('"', None) => {
                quoted_from = Some(at);
                begin.get_or_insert(at);
            }
            ('"', Some(_)) => quoted_from = None,
            (blank, None) if blank.is_whitespace() => {
                if let Some(from) = begin.take() {
                    found.push((from..at, &text[from..at]));
                }
            }
            _ => {
                begin.get_or_insert(at);
            }
        }
    }
    if let Some(from) = quoted_from {
        return Err(error(from..text.len(), "a quote is not closed".to_owned()));
    }
    if let Some(from) = begin {
        found.push((from..text.len(), &text[from..]));
    }
    Ok(found)
}

fn term(at: Range<usize>, word: &str, schema: &Schema) -> Result<Term, FilterError> {
    let (negated, rest) = match word.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (true, rest),
        _ => (false, word),
    };
    let begin = at.start + usize::from(negated);
    let test = match rest.find([':', '<', '>', '"']) {
        Some(sign) if sign > 0 && !rest[sign..].starts_with('"') => {
            let name = &rest[..sign];
            let field = schema
                .field(name)
                .ok_or_else(|| unknown_field(begin..begin + sign, name, schema))?;
            condition(field, &rest[sign..], begin + sign)?
        }
        _ => Test::Text(unquoted(rest).to_owned()),
    };
    if test == Test::Text(String::new()) {
        return Err(error(at, "an empty phrase finds nothing".to_owned()));
    }
    Ok(Term { negated, test })
}

fn unknown_field(at: Range<usize>, name: &str, schema: &Schema) -> FilterError {
    let names = schema.fields.iter().map(|field| field.name);
    FilterError {
        at,
        message: format!(
            "this list has no field {name:?}; it has {}",
            names.clone().collect::<Vec<_>>().join(", ")
        ),
        nearest: nearest(name, names),
    }
}

/// The candidate that is like a word, if one is.
fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate.to_owned())
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}

fn condition(field: &'static Field, text: &str, begin: usize) -> Result<Test, FilterError> {
    let (comparison, length) = match text.as_bytes() {
        [b':', ..] => (None, 1),
        [b'<', b'=', ..] => (Some(Comparison::LessOrEqual), 2),
        [b'>', b'=', ..] => (Some(Comparison::GreaterOrEqual), 2),
        [b'<', ..] => (Some(Comparison::Less), 1),
        _ => (Some(Comparison::Greater), 1),
    };
    let value = &text[length..];
    let at = begin + length..begin + text.len();
    let Some(comparison) = comparison else {
        return one_of(field, value, at);
    };
    if !field.kind.has_order() {
        let message = format!("{} has no order: write {}:value", field.name, field.name);
        return Err(error(at, message));
    }
    let value = value::read(field, unquoted(value), &at)?;
    Ok(Test::Compare(field.name, comparison, value))
}

fn one_of(field: &'static Field, text: &str, at: Range<usize>) -> Result<Test, FilterError> {
    match text {
        "-" => return Ok(Test::Missing(field.name)),
        "*" => return Ok(Test::Present(field.name)),
        "" => {
            let message = format!("{} needs {}", field.name, field.kind.allowed());
            return Err(error(at, message));
        }
        _ => {}
    }
    let mut values = Vec::new();
    for (offset, part) in parts(text) {
        let place = at.start + offset..at.start + offset + part.len();
        if values.len() == MOST_VALUES {
            return Err(error(
                place,
                format!("a term has at most {MOST_VALUES} values"),
            ));
        }
        values.push(value::read(field, unquoted(part), &place)?);
    }
    Ok(Test::OneOf(field.name, values))
}

/// The values of a term with their places; a comma between quotes does not part them.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                found.push((begin, &text[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.push((begin, &text[begin..]));
    found
}

impl fmt::Display for Filter {
    /// The filter in words that are read as the same filter.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            write!(formatter, "{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            formatter.write_str("-")?;
        }
        match &self.test {
            Test::Text(text) => write!(formatter, "\"{text}\""),
            Test::OneOf(field, values) => {
                write!(formatter, "{field}:")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        formatter.write_str(",")?;
                    }
                    write!(formatter, "{value}")?;
                }
                Ok(())
            }
            Test::Compare(field, comparison, value) => {
                write!(formatter, "{field}{}{value}", comparison.sign())
            }
            Test::Missing(field) => write!(formatter, "{field}:-"),
            Test::Present(field) => write!(formatter, "{field}:*"),
        }
    }
}

#[cfg(test)]
mod tests;
