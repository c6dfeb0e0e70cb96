//! The document that describes the API, written part by part.

use std::collections::BTreeMap;

use poem_openapi::registry::MetaSchema;
use serde::{Serialize, Serializer, ser::Error};
use serde_json::{Map, Value, json};

use super::openapi::{ApiInfo, Description, OperationDescription};

/// The whole document (OpenAPI 3.0), as JSON. Its parts are made as they are written: all of them at
/// once are five times the size of the text.
///
/// # Errors
///
/// When a schema cannot be written.
pub(super) fn to_json(
    info: &ApiInfo,
    description: &Description,
    operations: &[OperationDescription],
) -> Result<Vec<u8>, serde_json::Error> {
    let mut paths: BTreeMap<&str, BTreeMap<String, &OperationDescription>> = BTreeMap::new();
    for described in operations {
        let operation = &described.operation;
        let method = operation.method.as_str().to_lowercase();
        let path = paths.entry(operation.path).or_default();
        path.insert(method, described);
    }
    let types = description.schemas.schemas.iter();
    let mut schemas: BTreeMap<String, Schema> = types
        .map(|(name, schema)| (name.clone(), Schema::Of(schema)))
        .collect();
    let errors = error_schemas().into_iter();
    schemas.extend(errors.map(|(name, schema)| (name, Schema::Written(schema))));
    serde_json::to_vec(&Document {
        openapi: "3.0.3",
        info,
        paths,
        components: Components {
            schemas,
            security_schemes: json!({
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            }),
        },
    })
}

#[derive(Serialize)]
struct Document<'a> {
    openapi: &'static str,
    info: &'a ApiInfo,
    paths: BTreeMap<&'static str, BTreeMap<String, &'a OperationDescription>>,
    components: Components<'a>,
}

#[derive(Serialize)]
struct Components<'a> {
    schemas: BTreeMap<String, Schema<'a>>,
    #[serde(rename = "securitySchemes")]
    security_schemes: Value,
}

enum Schema<'a> {
    Of(&'a MetaSchema),
    Written(Value),
}

impl Serialize for Schema<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Of(schema) => {
                let mut schema = serde_json::to_value(schema).map_err(S::Error::custom)?;
                allow_null_where_optional(&mut schema);
                schema.serialize(serializer)
            }
            Self::Written(schema) => schema.serialize(serializer),
        }
    }
}

impl Serialize for OperationDescription {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written().serialize(serializer)
    }
}

/// What need not be there is written as `null` by the server, and may be by clients.
fn allow_null_where_optional(schema: &mut Value) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        if required.iter().any(|known| known == name) {
            continue;
        }
        // Beside a reference nothing else is read.
        if property.get("$ref").is_some() {
            *property = json!({"allOf": [property.take()]});
        }
        property["nullable"] = json!(true);
    }
}

fn error_schemas() -> Map<String, Value> {
    let text = json!({"type": "string"});
    let loc = json!({"type": "array", "items": text});
    let detail_item = json!({
        "type": "object",
        "required": ["loc", "msg", "type"],
        "properties": {"loc": loc, "msg": text, "type": text}
    });
    let problem_item = json!({
        "type": "object",
        "required": ["loc", "message", "type"],
        "properties": {"loc": loc, "message": text, "type": text}
    });
    let object = |required: &[&str], properties: Value| json!({"type": "object", "required": required, "properties": properties});
    [
        ("Detail", object(&["detail"], json!({"detail": text}))),
        ("ErrorText", object(&["error"], json!({"error": text}))),
        (
            "FieldErrors",
            object(
                &["detail"],
                json!({"detail": {"oneOf": [text, {"type": "array", "items": detail_item}]}}),
            ),
        ),
        (
            "ProblemDetails",
            object(
                &["type", "title", "status", "detail", "code"],
                json!({
                    "type": text, "title": text, "status": {"type": "integer"}, "detail": text,
                    "code": text, "errors": {"type": "array", "items": problem_item}
                }),
            ),
        ),
    ]
    .into_iter()
    .map(|(name, schema)| (name.to_owned(), schema))
    .collect()
}
