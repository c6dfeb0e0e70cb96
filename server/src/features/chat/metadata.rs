//! Labels and filters that a question may carry, checked before anything is spent.

use serde_json::{Map, Value};

use super::error::ChatError;

const TAGS_MAX: usize = 5;
const TAG_KEY_MAX: usize = 32;
const TAG_VALUE_MAX: usize = 128;
const FILTER_VALUE_MAX: usize = 256;

/// The attributes of documents that a filter can name.
const ATTRIBUTES: [&str; 4] = ["document_id", "filename", "display_name", "media_type"];

/// A project is an integer, or text that is one.
pub(super) fn project(given: Option<&Value>) -> Result<Option<i64>, ChatError> {
    match given {
        None => Ok(None),
        Some(Value::String(text)) => text
            .trim()
            .parse()
            .map(Some)
            .map_err(|_| ChatError::InvalidProject),
        Some(value) => value.as_i64().map(Some).ok_or(ChatError::InvalidProject),
    }
}

/// Up to 5 labels of scalar values, which are kept as text.
pub(super) fn tags(given: Option<Map<String, Value>>) -> Result<Option<Value>, ChatError> {
    let Some(given) = given.filter(|tags| !tags.is_empty()) else {
        return Ok(None);
    };
    if given.len() > TAGS_MAX {
        return Err(ChatError::InvalidTags("tags may have at most 5 entries"));
    }
    let mut tags = Map::new();
    for (key, value) in given {
        if key.chars().count() > TAG_KEY_MAX {
            return Err(ChatError::InvalidTags(
                "Keys of tags may have at most 32 characters",
            ));
        }
        let text = scalar(&value).ok_or(ChatError::InvalidTags(
            "Values of tags must be text, numbers or truth values",
        ))?;
        let text: String = text.chars().take(TAG_VALUE_MAX).collect();
        tags.insert(key, Value::String(text));
    }
    Ok(Some(Value::Object(tags)))
}

/// A filter over attributes of documents: each must have one of the values.
pub(super) fn filter(
    given: Option<Map<String, Value>>,
    allowed: bool,
    keys: &[String],
) -> Result<Vec<(String, Vec<String>)>, ChatError> {
    let Some(given) = given.filter(|filter| !filter.is_empty()) else {
        return Ok(Vec::new());
    };
    if !allowed {
        return Err(ChatError::FiltersDisabled);
    }
    given
        .into_iter()
        .map(|(key, value)| {
            let attribute = attribute(&key);
            if !keys.contains(&key) || !ATTRIBUTES.contains(&attribute.as_str()) {
                return Err(ChatError::FilterKeyNotAllowed(key));
            }
            let values = match &value {
                Value::Array(items) if !items.is_empty() => {
                    items.iter().map(short_scalar).collect::<Option<Vec<_>>>()
                }
                Value::Array(_) => None,
                single => short_scalar(single).map(|value| vec![value]),
            };
            values
                .map(|values| (attribute, values))
                .ok_or(ChatError::InvalidFilterValue(key))
        })
        .collect()
}

/// `documentId` and `document_id` name the same.
fn attribute(key: &str) -> String {
    let mut snake = String::with_capacity(key.len() + 2);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn short_scalar(value: &Value) -> Option<String> {
    scalar(value).filter(|text| text.chars().count() <= FILTER_VALUE_MAX)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Option<Map<String, Value>> {
        match value {
            Value::Object(fields) => Some(fields),
            _ => None,
        }
    }

    #[test]
    fn projects_are_integers_or_text_that_is_one() {
        assert_eq!(project(Some(&json!(7))).unwrap(), Some(7));
        assert_eq!(project(Some(&json!(" 7 "))).unwrap(), Some(7));
        assert_eq!(project(None).unwrap(), None);
        for wrong in [json!("x"), json!(1.5), json!(true), json!([1])] {
            assert!(project(Some(&wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn tags_are_few_short_and_scalar() {
        let kept = tags(object(json!({"a": 1, "b": true, "c": "x".repeat(200)})))
            .unwrap()
            .unwrap();
        assert_eq!((&kept["a"], &kept["b"]), (&json!("1"), &json!("true")));
        assert_eq!(kept["c"].as_str().unwrap().len(), TAG_VALUE_MAX);
        assert!(tags(object(json!({"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}))).is_err());
        assert!(tags(object(json!({"k".repeat(33): 1}))).is_err());
        assert!(tags(object(json!({"a": {}}))).is_err());
    }

    #[test]
    fn filters_need_permission_a_known_key_and_plain_values() {
        let keys = [
            "filename".to_owned(),
            "documentId".to_owned(),
            "secret".to_owned(),
        ];
        let filter = |value: Value| super::filter(object(value), true, &keys);
        assert!(matches!(
            super::filter(object(json!({"filename": "a"})), false, &keys),
            Err(ChatError::FiltersDisabled)
        ));
        assert_eq!(
            filter(json!({"documentId": [1, 2]})).unwrap(),
            [(
                "document_id".to_owned(),
                vec!["1".to_owned(), "2".to_owned()]
            )]
        );
        assert!(matches!(
            filter(json!({"media_type": "a"})),
            Err(ChatError::FilterKeyNotAllowed(_))
        ));
        assert!(matches!(
            filter(json!({"secret": "a"})),
            Err(ChatError::FilterKeyNotAllowed(_))
        ));
        for wrong in [json!([]), json!({}), json!([[1]]), json!("x".repeat(257))] {
            assert!(matches!(
                filter(json!({"filename": wrong})),
                Err(ChatError::InvalidFilterValue(_))
            ));
        }
    }
}
