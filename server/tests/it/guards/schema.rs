//! An answer held against the schema that the description gives it: the part of OpenAPI 3.0's schemas
//! that the description uses, and not a word of it unread.

use chrono::DateTime;
use serde_json::{Map, Value};

/// Words that say nothing of the value.
const REMARKS: [&str; 3] = ["title", "description", "default"];

/// Why `value` is not what `schema` says; `at` is where in the answer it stands.
pub fn mismatch(description: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let said = schema.as_object().expect("a schema");
    if value.is_null() && said.get("nullable") == Some(&Value::Bool(true)) {
        return None;
    }
    // What a value is comes before what is in it.
    let (types, others): (Vec<_>, Vec<_>) = said.iter().partition(|(word, _)| *word == "type");
    types.into_iter().chain(others).find_map(|(word, says)| {
        let each = |schema| mismatch(description, schema, value, at);
        match word.as_str() {
            "$ref" => each(referred(description, says)),
            "allOf" => list(says).iter().find_map(each),
            "oneOf" => {
                let fitting = list(says).iter().filter(|schema| each(schema).is_none());
                let fitting = fitting.count();
                (fitting != 1).then(|| format!("{at} is {fitting} of the alternatives: {value}"))
            }
            "type" => wrong_type(says.as_str().expect("a type"), value)
                .then(|| format!("{at} is no {says}: {value}")),
            "format" => wrong_format(says.as_str().expect("a format"), value)
                .then(|| format!("{at} is no {says}: {value}")),
            "enum" => {
                (!list(says).contains(value)).then(|| format!("{at} is none of {says}: {value}"))
            }
            "required" => list(says)
                .iter()
                .filter_map(Value::as_str)
                .find(|name| value.get(name).is_none())
                .map(|name| format!("{at} has no {name}: {value}")),
            "properties" => {
                let properties: &Map<String, Value> = says.as_object().expect("properties");
                properties.iter().find_map(|(name, schema)| {
                    let value = value.get(name)?;
                    mismatch(description, schema, value, &format!("{at}.{name}"))
                })
            }
            "items" => value
                .as_array()?
                .iter()
                .enumerate()
                .find_map(|(index, item)| {
                    mismatch(description, says, item, &format!("{at}[{index}]"))
                }),
            "nullable" => None,
            word if REMARKS.contains(&word) => None,
            word => panic!("this test does not know the word {word} of {schema}"),
        }
    })
}

fn referred<'a>(description: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().expect("a reference");
    let found = description.pointer(path.trim_start_matches('#'));
    found.unwrap_or_else(|| panic!("{path} is nowhere"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn wrong_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => !value.is_object(),
        "array" => !value.is_array(),
        "string" => !value.is_string(),
        "boolean" => !value.is_boolean(),
        "integer" => !value.is_i64() && !value.is_u64(),
        "number" => !value.is_number(),
        name => panic!("this test does not know the type {name}"),
    }
}

/// Numbers are of their type; of texts only those have a form that somebody parses.
fn wrong_format(name: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match name {
        "date-time" => DateTime::parse_from_rfc3339(text).is_err(),
        "uuid" => uuid::Uuid::parse_str(text).is_err(),
        "int32" => value
            .as_i64()
            .is_none_or(|number| i32::try_from(number).is_err()),
        "int64" => !value.is_i64(),
        "uint64" => !value.is_u64(),
        "double" | "binary" => false,
        name => panic!("this test does not know the format {name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::mismatch;

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let description = json!({"components": {"schemas": {
            "Page": {"type": "object", "required": ["items"], "properties": {
                "items": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                "next": {"type": "string", "nullable": true},
                "steps": {"type": "array", "items": {"type": "number", "nullable": true}}
            }},
            "Row": {"type": "object", "required": ["id", "at"], "properties": {
                "id": {"type": "integer", "format": "int64"},
                "at": {"type": "string", "format": "date-time"},
                "state": {"type": "string", "enum": ["queued"]}
            }}
        }}});
        let page = json!({"$ref": "#/components/schemas/Page"});
        let row = json!({"id": 1, "at": "2026-11-21T12:00:00Z", "state": "queued"});
        let told = |value| mismatch(&description, &page, &value, "answer");
        assert_eq!(told(json!({"items": [row], "next": null})), None);
        let gap = json!({"items": [], "steps": [1.5, null]});
        assert_eq!(told(gap), None);
        for (wrong, place) in [
            (json!([]), "answer is no"),
            (json!({"next": "x"}), "answer has no items"),
            (json!({"items": null}), "answer.items is no"),
            (json!({"items": [null]}), "answer.items[0]"),
            (
                json!({"items": [row, {"id": 1}]}),
                "answer.items[1] has no at",
            ),
            (
                json!({"items": [{"id": "1", "at": row["at"]}]}),
                "answer.items[0].id is no",
            ),
            (
                json!({"items": [{"id": 1, "at": "noon"}]}),
                "answer.items[0].at is no",
            ),
            (
                json!({"items": [{"id": 1, "at": row["at"], "state": "lost"}]}),
                "answer.items[0].state is none of",
            ),
        ] {
            let said = told(wrong).expect("a mismatch");
            assert!(said.starts_with(place), "{said}");
        }
    }
}
