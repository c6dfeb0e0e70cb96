//! Reading JSON and query strings, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::problem::{FieldError, Problem};

/// Reads a JSON body: 400 when it is not JSON, 422 with the field when it is not a `T`.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Of text in fields that are ignored serde would not notice it.
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::bad_request("The request body is not valid UTF-8"))?;
    // serde reads a list as the fields of an object in their order; no contract knows such bodies.
    if text.trim_start().starts_with('[') {
        return Err(Problem::invalid(&["body"], "Must be an object, not a list"));
    }
    let mut source = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let inner = error.inner();
        match inner.classify() {
            Category::Data => {
                let text = inner.to_string();
                let text = text
                    .rsplit_once(" at line ")
                    .map_or(text.as_str(), |(head, _)| head);
                Problem::invalid_fields(vec![field("body", error.path(), text)])
            }
            Category::Syntax | Category::Eof | Category::Io => not_json(inner),
        }
    })?;
    source.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// Reads a query string: 422 with the field when it is not a `T`.
pub(super) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let source = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(source).map_err(|error| {
        let text = error.inner().to_string();
        Problem::invalid_fields(vec![field("query", error.path(), &text)])
    })
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::bad_request(format!(
        "The request body is not valid JSON (line {line}, column {column})"
    ))
}

/// Turns serde's words into a field error; a missing or unknown field is named by its own path.
fn field(root: &str, path: &Path, text: &str) -> FieldError {
    let mut loc = vec![root.to_owned()];
    loc.extend(path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }));
    if let Some(name) = quoted_after(text, "missing field ") {
        loc.push(name.to_owned());
        return FieldError {
            loc,
            message: "Field required".to_owned(),
            kind: "missing",
        };
    }
    if let Some(name) = quoted_after(text, "duplicate field ") {
        if loc.last().is_none_or(|last| last != name) {
            loc.push(name.to_owned());
        }
        return FieldError {
            loc,
            message: "Given twice".to_owned(),
            kind: "value_error",
        };
    }
    let kind = if text.starts_with("invalid type") || text.starts_with("invalid digit") {
        "type_error"
    } else {
        "value_error"
    };
    FieldError {
        loc,
        message: capitalised(text),
        kind,
    }
}

fn quoted_after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)?
        .strip_prefix('`')?
        .split('`')
        .next()
}

/// As a sentence, without the names of our types.
fn capitalised(text: &str) -> String {
    let text = match text.split_once("expected struct ") {
        Some((head, _)) => format!("{head}expected an object"),
        None => text.to_owned(),
    };
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
