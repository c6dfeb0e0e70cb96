//! The description of the API, made from what is mounted.

use poem_openapi::{
    registry::{MetaSchema, MetaSchemaRef, Registry as Schemas},
    types::Type,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{dialect::Dialect, operation::Operation, operation::OperationRecord};

/// What the document says about the server as a whole.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ApiInfo {
    pub(crate) title: &'static str,
    pub(crate) version: &'static str,
    pub(crate) description: &'static str,
}

/// The schemas of all types that cross the wire, gathered while operations describe themselves.
#[derive(Default)]
pub(crate) struct Description {
    pub(super) schemas: Schemas,
}

impl Description {
    /// The schema of `T`, or a reference to it.
    pub(crate) fn schema<T: Type>(&mut self) -> Value {
        T::register(&mut self.schemas);
        written(&T::schema_ref())
    }

    /// The fields of `T` as query parameters.
    pub(super) fn properties<T: Type>(&mut self) -> Vec<QueryParameter> {
        let schema = match T::schema_ref() {
            MetaSchemaRef::Inline(schema) => Some(*schema),
            MetaSchemaRef::Reference(name) => {
                let mut apart = Schemas::new();
                T::register(&mut apart);
                let schema = apart.schemas.remove(&name);
                // What the fields refer to stays; the struct around them is no type of the wire.
                self.schemas.schemas.append(&mut apart.schemas);
                schema
            }
        };
        schema.map(|schema| parameters(&schema)).unwrap_or_default()
    }
}

fn parameters(schema: &MetaSchema) -> Vec<QueryParameter> {
    schema
        .properties
        .iter()
        .map(|(name, property)| QueryParameter {
            name,
            schema: written(property),
            required: schema.required.contains(name),
        })
        .collect()
}

fn written(schema: &MetaSchemaRef) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// One parameter of a query.
pub(super) struct QueryParameter {
    name: &'static str,
    schema: Value,
    required: bool,
}

/// What an operation reads.
#[derive(Default)]
pub(crate) struct InputDescription {
    body: Option<BodyDescription>,
    query: Vec<QueryParameter>,
}

struct BodyDescription {
    media_type: &'static str,
    schema: Value,
    required: bool,
}

impl InputDescription {
    pub(super) fn body(media_type: &'static str, schema: Value, required: bool) -> Self {
        let body = BodyDescription {
            media_type,
            schema,
            required,
        };
        Self {
            body: Some(body),
            query: Vec::new(),
        }
    }

    pub(super) fn query(query: Vec<QueryParameter>) -> Self {
        Self { body: None, query }
    }

    pub(super) fn and(mut self, other: Self) -> Self {
        self.query.extend(other.query);
        self.body = self.body.or(other.body);
        self
    }

    /// The statuses with which reading it may refuse.
    pub(super) fn refuses(&self) -> Vec<u16> {
        let mut statuses = Vec::new();
        if !self.query.is_empty() {
            statuses.push(422);
        }
        if self.body.is_some() {
            statuses.extend([400, 408, 413, 415, 422]);
        }
        statuses
    }
}

/// One answer of an operation.
pub(crate) struct ReplyDescription {
    pub(super) status: u16,
    content: Option<(&'static str, Value)>,
}

impl ReplyDescription {
    pub(super) fn content(status: u16, media_type: &'static str, schema: Value) -> Self {
        Self {
            status,
            content: Some((media_type, schema)),
        }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            content: None,
        }
    }
}

/// Everything that the document says about one operation.
pub(super) struct OperationDescription {
    pub(super) operation: Operation,
    pub(super) record: OperationRecord,
    pub(super) input: InputDescription,
    pub(super) replies: Vec<ReplyDescription>,
}

impl OperationDescription {
    pub(super) fn written(&self) -> Value {
        let operation = &self.operation;
        let mut object = Map::new();
        object.insert("operationId".to_owned(), json!(operation_id(operation)));
        object.insert("summary".to_owned(), json!(operation.summary));
        if let Some(description) = operation.description {
            object.insert("description".to_owned(), json!(description));
        }
        if !operation.tag.is_empty() {
            object.insert("tags".to_owned(), json!([operation.tag]));
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            object.insert("parameters".to_owned(), Value::Array(parameters));
        }
        if let Some(body) = &self.input.body {
            let content = content(body.media_type, &body.schema);
            let body = json!({"required": body.required, "content": content});
            object.insert("requestBody".to_owned(), body);
        }
        let security = if self.record.guard.needs_token() {
            json!([{"bearer": []}])
        } else {
            json!([])
        };
        object.insert("security".to_owned(), security);
        object.insert("responses".to_owned(), Value::Object(self.responses()));
        object.insert("x-guard".to_owned(), json!(self.record.guard.name()));
        object.insert("x-limit".to_owned(), json!(self.record.limit.name()));
        Value::Object(object)
    }

    fn parameters(&self) -> Vec<Value> {
        let mut parameters: Vec<Value> = path_parameters(self.operation.path)
            .map(|name| {
                let declared = self
                    .operation
                    .parameters
                    .iter()
                    .find(|(known, _)| *known == name);
                let kind = declared.map_or("string", |(_, kind)| kind);
                json!({"name": name, "in": "path", "required": true, "schema": {"type": kind}})
            })
            .collect();
        parameters.extend(self.input.query.iter().map(|query| {
            json!({
                "name": query.name, "in": "query", "required": query.required, "schema": query.schema
            })
        }));
        if self.record.csrf {
            parameters.push(json!({
                "name": "X-Requested-With", "in": "header", "required": true,
                "schema": {"type": "string", "enum": ["XMLHttpRequest"]}
            }));
        }
        parameters.extend(self.operation.headers.iter().map(|(name, purpose)| {
            json!({
                "name": name, "in": "header", "required": false, "description": purpose,
                "schema": {"type": "string"}
            })
        }));
        parameters
    }

    fn responses(&self) -> Map<String, Value> {
        let mut responses = Map::new();
        for &status in &self.record.refuses {
            responses.insert(status.to_string(), refusal(self.record.dialect, status));
        }
        for reply in &self.replies {
            let mut response = json!({"description": reason(reply.status)});
            if let Some((media_type, schema)) = &reply.content {
                response["content"] = content(media_type, schema);
            }
            responses.insert(reply.status.to_string(), response);
        }
        responses
    }
}

fn content(media_type: &str, schema: &Value) -> Value {
    json!({media_type: {"schema": schema}})
}

fn refusal(dialect: Dialect, status: u16) -> Value {
    let schema = match dialect {
        Dialect::Detail if status == 422 => "FieldErrors",
        Dialect::Detail => "Detail",
        Dialect::Error => "ErrorText",
        Dialect::ProblemJson => "ProblemDetails",
    };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    json!({
        "description": reason(status),
        "content": content(dialect.media_type(), &schema)
    })
}

fn reason(status: u16) -> &'static str {
    poem::http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Answer")
}

/// The names in braces in a path.
pub(super) fn path_parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.strip_prefix('*').unwrap_or(name))
    })
}

/// `GET /api/stores/{id}` is `get_api_stores_id`.
fn operation_id(operation: &Operation) -> String {
    let mut id = operation.method.as_str().to_lowercase();
    for segment in operation
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
    {
        id.push('_');
        id.extend(segment.chars().filter_map(|letter| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => Some(letter),
            '-' | '.' => Some('_'),
            _ => None,
        }));
    }
    id
}
