//! Reading a question: every spelling that the clients of the contract send.

use std::borrow::Cow;

use poem_openapi::{
    Object,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::platform::http::Problem;

/// The body of `POST /api/chat`, not yet understood: fields may be camelCase or snake_case.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct ChatBody(Map<String, Value>);

/// How the body is described; camelCase and snake_case are both accepted.
#[derive(Object)]
#[oai(rename = "ChatRequest", rename_all = "camelCase")]
struct ChatRequestSchema {
    /// Stores to search; at least one.
    store_ids: Vec<i64>,
    /// The question. Without it, the last user message of `messages`.
    question: Option<String>,
    /// The conversation so far. Without it, what is stored of the session.
    messages: Option<Vec<Value>>,
    /// An instruction of the caller's own.
    system: Option<String>,
    /// The conversation that this belongs to; a new one without it.
    session_id: Option<String>,
    /// As `sessionId`.
    thread_id: Option<String>,
    project_id: Option<i64>,
    /// Up to 5 labels for the cost record.
    tags: Option<Value>,
    metadata_filter: Option<Value>,
    /// One of `GET /api/models`.
    model: Option<String>,
}

impl ChatBody {
    /// The same text for bodies that ask the same: members in order of their names.
    pub(super) fn canonical(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

impl Type for ChatBody {
    const IS_REQUIRED: bool = true;
    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        ChatRequestSchema::name()
    }

    fn schema_ref() -> MetaSchemaRef {
        ChatRequestSchema::schema_ref()
    }

    fn register(registry: &mut Registry) {
        ChatRequestSchema::register(registry);
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
        Box::new(std::iter::once(self))
    }
}

/// Who said a turn that the client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    User,
    Assistant,
    System,
}

/// A turn that the client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientTurn {
    pub(super) speaker: Speaker,
    pub(super) text: String,
}

/// A question, its shape checked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) store_ids: Vec<i64>,
    /// Empty when there is none.
    pub(super) text: String,
    /// `None`: the stored history counts.
    pub(super) turns: Option<Vec<ClientTurn>>,
    pub(super) system: Option<String>,
    pub(super) session_key: Option<String>,
    pub(super) project_id: Option<Value>,
    pub(super) tags: Option<Map<String, Value>>,
    pub(super) metadata_filter: Option<Map<String, Value>>,
    pub(super) model: Option<String>,
}

const SESSION_KEY_MAX: usize = 64;
const STORES_MAX: usize = 100;

impl Question {
    /// Understands a body; 422 names the field that is wrong.
    pub(super) fn parse(body: ChatBody) -> Result<Self, Problem> {
        let mut fields = Fields(body.0);
        let store_ids = store_ids(&mut fields)?;
        let question = fields.text("question", "question")?;
        let turns = turns(&mut fields)?;
        let session = fields.text("sessionId", "session_id")?;
        let thread = fields.text("threadId", "thread_id")?;
        let session_key = session
            .or(thread)
            .map(|key| key.trim().chars().take(SESSION_KEY_MAX).collect::<String>())
            .filter(|key| !key.is_empty());
        let text = match question.filter(|question| !question.trim().is_empty()) {
            Some(question) => question,
            None => asked_by(turns.as_deref().unwrap_or_default()),
        };
        Ok(Self {
            store_ids,
            text: text.trim().to_owned(),
            turns,
            system: fields
                .text("system", "system")?
                .filter(|system| !system.trim().is_empty()),
            session_key,
            project_id: fields.take("projectId", "project_id")?,
            tags: fields.object("tags", "tags")?,
            metadata_filter: fields.object("metadataFilter", "metadata_filter")?,
            model: fields
                .text("model", "model")?
                .filter(|model| !model.trim().is_empty()),
        })
    }

    /// The turns before the question, for the prompt; without the question itself.
    pub(super) fn history(&self) -> Option<&[ClientTurn]> {
        let turns = self.turns.as_deref()?;
        let end = turns
            .iter()
            .rposition(|turn| turn.speaker == Speaker::User && turn.text.trim() == self.text)
            .unwrap_or(turns.len());
        Some(&turns[..end])
    }
}

/// The last user message that has text, else the last message.
fn asked_by(turns: &[ClientTurn]) -> String {
    turns
        .iter()
        .rev()
        .find(|turn| turn.speaker == Speaker::User && !turn.text.trim().is_empty())
        .or(turns.last())
        .map(|turn| turn.text.clone())
        .unwrap_or_default()
}

fn store_ids(fields: &mut Fields) -> Result<Vec<i64>, Problem> {
    let missing = || {
        Problem::invalid(
            &["body", "storeIds"],
            "Field required: the stores to search",
        )
    };
    let wrong = || {
        Problem::invalid(
            &["body", "storeIds"],
            "Must be a list of 1 to 100 store ids (integers)",
        )
    };
    let value = fields.take("storeIds", "store_ids")?.ok_or_else(missing)?;
    let Value::Array(items) = value else {
        return Err(wrong());
    };
    if items.is_empty() || items.len() > STORES_MAX {
        return Err(wrong());
    }
    let mut ids = Vec::with_capacity(items.len());
    for item in &items {
        let id = item.as_i64().ok_or_else(wrong)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

fn turns(fields: &mut Fields) -> Result<Option<Vec<ClientTurn>>, Problem> {
    let Some(value) = fields.take("messages", "messages")? else {
        return Ok(None);
    };
    let wrong = |message: &str| Problem::invalid(&["body", "messages"], message);
    let Value::Array(items) = value else {
        return Err(wrong("Must be a list of messages"));
    };
    let mut turns = Vec::with_capacity(items.len());
    for item in &items {
        let Value::Object(message) = item else {
            return Err(wrong("Each message must be an object with `role` and text"));
        };
        let speaker = match message.get("role").and_then(Value::as_str) {
            Some("assistant") => Speaker::Assistant,
            Some("system") => Speaker::System,
            Some("user") | None => Speaker::User,
            // Tool results and the like are not part of the conversation.
            Some(_) => continue,
        };
        turns.push(ClientTurn {
            speaker,
            text: message_text(message),
        });
    }
    Ok((!turns.is_empty()).then_some(turns))
}

/// A message's text: `question|text|message|value`, else `content|parts|values`.
fn message_text(message: &Map<String, Value>) -> String {
    for name in ["question", "text", "message", "value"] {
        if let Some(Value::String(text)) = message.get(name) {
            return text.clone();
        }
    }
    for name in ["content", "parts", "values"] {
        match message.get(name) {
            Some(Value::String(text)) => return text.clone(),
            Some(Value::Array(items)) => {
                let parts: Vec<&str> = items.iter().filter_map(part_text).collect();
                return parts.join("\n");
            }
            _ => {}
        }
    }
    String::new()
}

fn part_text(part: &Value) -> Option<&str> {
    match part {
        Value::String(text) => Some(text),
        Value::Object(fields) => ["text", "content", "value"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(Value::as_str)),
        _ => None,
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    /// A field under either spelling; `null` counts as absent. Both at once must agree.
    fn take(&mut self, camel: &str, snake: &str) -> Result<Option<Value>, Problem> {
        let first = self.0.remove(camel).filter(|value| !value.is_null());
        let second = if camel == snake {
            None
        } else {
            self.0.remove(snake).filter(|value| !value.is_null())
        };
        match (first, second) {
            (Some(first), Some(second)) if first != second => Err(Problem::invalid(
                &["body", camel],
                format!("Given twice with different values: as `{camel}` and as `{snake}`"),
            )),
            // PostgreSQL stores no text with a NUL in it.
            (Some(given), _) | (_, Some(given)) if holds_nul(&given) => Err(Problem::invalid(
                &["body", camel],
                "Must not contain a NUL character",
            )),
            (first, second) => Ok(first.or(second)),
        }
    }

    fn text(&mut self, camel: &str, snake: &str) -> Result<Option<String>, Problem> {
        match self.take(camel, snake)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::invalid(&["body", camel], "Must be a string")),
        }
    }

    fn object(&mut self, camel: &str, snake: &str) -> Result<Option<Map<String, Value>>, Problem> {
        match self.take(camel, snake)? {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(Problem::invalid(&["body", camel], "Must be an object")),
        }
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(body: Value) -> Result<Question, Problem> {
        Question::parse(serde_json::from_value(body).unwrap())
    }

    #[test]
    fn both_spellings_are_read_and_must_agree() {
        assert_eq!(
            parse(json!({"storeIds": [1, 2, 1]})).unwrap().store_ids,
            [1, 2]
        );
        assert_eq!(parse(json!({"store_ids": [3]})).unwrap().store_ids, [3]);
        assert_eq!(
            parse(json!({"storeIds": [3], "store_ids": [3]}))
                .unwrap()
                .store_ids,
            [3]
        );
        let problem = parse(json!({"storeIds": [3], "store_ids": [4]})).unwrap_err();
        assert_eq!(problem.status.as_u16(), 422);
    }

    #[test]
    fn a_wrong_shape_names_its_field() {
        for (body, field) in [
            (json!({}), "storeIds"),
            (json!({"storeIds": []}), "storeIds"),
            (json!({"storeIds": ["1"]}), "storeIds"),
            (json!({"storeIds": 1}), "storeIds"),
            (json!({"storeIds": [1], "question": 7}), "question"),
            (json!({"storeIds": [1], "messages": "hi"}), "messages"),
            (json!({"storeIds": [1], "messages": ["hi"]}), "messages"),
            (json!({"storeIds": [1], "tags": ["a"]}), "tags"),
            (json!({"storeIds": [1], "sessionId": 5}), "sessionId"),
        ] {
            let problem = parse(body.clone()).unwrap_err();
            assert_eq!(problem.status.as_u16(), 422, "{body}");
            assert_eq!(problem.fields[0].loc, ["body", field], "{body}");
        }
    }

    #[test]
    fn the_question_is_the_field_else_the_last_user_message_with_text() {
        let text = |body| parse(body).unwrap().text;
        assert_eq!(text(json!({"storeIds": [1], "question": " why? "})), "why?");
        let messages = json!([
            {"role": "user", "content": "first"},
            {"role": "assistant", "content": "answer"},
            {"role": "user", "parts": [{"type": "text", "text": "second"}, "more"]},
            {"role": "user", "content": " "},
            {"role": "tool", "content": "ignored"},
        ]);
        assert_eq!(
            text(json!({"storeIds": [1], "messages": messages})),
            "second\nmore"
        );
        assert_eq!(
            text(json!({"storeIds": [1], "messages": [{"role": "assistant", "text": "a"}]})),
            "a"
        );
        assert_eq!(text(json!({"storeIds": [1]})), "");
    }

    #[test]
    fn the_history_stops_before_the_question() {
        let question = parse(json!({"storeIds": [1], "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ]}))
        .unwrap();
        let texts: Vec<_> = question
            .history()
            .unwrap()
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(texts, ["one", "two"]);
    }
}
