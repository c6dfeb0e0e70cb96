//! The walk over everything that is mounted.

use std::{collections::BTreeSet, sync::Arc};

use governor::clock::FakeRelativeClock;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    super::*,
    sample::registry,
    seen::Seen,
    support::{TestServer, edge, settings},
};
use crate::platform::limits::LimitClass;

#[tokio::test]
async fn every_operation_declares_itself_and_stands_in_the_description() {
    let (dropped, _kept) = mpsc::unbounded_channel();
    let registry = registry(&dropped);
    let document: Value = serde_json::from_slice(&registry.openapi().unwrap()).unwrap();
    let mut ids = BTreeSet::new();
    for record in registry.operations() {
        let method = record.method.as_str().to_lowercase();
        let described = &document["paths"][record.path][&method];
        assert!(described.is_object(), "{method} {} is missing", record.path);
        assert_eq!(described["x-guard"], record.guard.name());
        assert_eq!(described["x-limit"], record.limit.name());
        assert!(
            ids.insert(described["operationId"].to_string()),
            "{described}"
        );
        let responses = described["responses"].as_object().unwrap();
        for status in &record.refuses {
            assert!(
                responses.contains_key(&status.to_string()),
                "{} {status}",
                record.path
            );
        }
        let secured = matches!(
            record.guard,
            GuardKind::Member | GuardKind::Admin | GuardKind::Auditor
        );
        assert_eq!(described["security"] == json!([{"bearer": []}]), secured);
        assert_eq!(secured, record.refuses.contains(&401), "{}", record.path);
        let reads_a_body = described["requestBody"].is_object();
        assert_eq!(
            reads_a_body,
            record.refuses.contains(&413),
            "{}",
            record.path
        );
        assert!(
            !reads_a_body || record.cap != Cap::None,
            "{} has no cap",
            record.path
        );
    }
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["bearerFormat"],
        "JWT"
    );
}

#[tokio::test]
async fn the_description_follows_from_the_signatures() {
    let (dropped, _kept) = mpsc::unbounded_channel();
    let document = registry(&dropped).openapi().unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let create = &document["paths"]["/api/notes"]["post"];
    let schema = json!({"schema": {"$ref": "#/components/schemas/Note"}});
    assert_eq!(create["requestBody"]["content"]["application/json"], schema);
    assert_eq!(
        create["responses"]["201"]["content"]["application/json"],
        schema
    );
    assert!(create["responses"]["409"].is_object());
    assert!(document["components"]["schemas"]["Mark"].is_object());
    assert!(document["components"]["schemas"]["Window"].is_null());
    let query = &document["paths"]["/api/notes"]["get"]["parameters"][0];
    assert_eq!(
        (&query["name"], &query["in"]),
        (&json!("limit"), &json!("query"))
    );
    let id = &document["paths"]["/api/notes/{id}"]["get"]["parameters"][0];
    assert_eq!(
        (&id["in"], &id["schema"]["type"]),
        (&json!("path"), &json!("integer"))
    );
    let stream = &document["paths"]["/api/stream"]["get"]["responses"]["200"]["content"];
    assert!(stream["text/event-stream"].is_object());
    let social = &document["paths"]["/social/notes"]["post"]["responses"]["400"]["content"];
    assert!(social["application/problem+json"].is_object());
    let health = &document["paths"]["/health"]["get"]["responses"];
    assert_eq!(health["200"]["content"], health["503"]["content"]);
}

#[tokio::test]
async fn the_description_and_its_page_are_served() {
    let server = TestServer::start().await;
    let document = server.send("GET /openapi.json", "").await;
    assert_eq!(document.header("content-type"), Some("application/json"));
    assert!(document.json()["paths"]["/docs"]["get"].is_object());
    let page = server.send("GET /docs", "").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(
        page.body.contains("operationId"),
        "the page carries the document"
    );
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
}

#[test]
fn contradicting_routes_are_refused_at_start() {
    let info = ApiInfo {
        title: "Test",
        version: "1",
        description: "",
    };
    let build = |paths: [&'static str; 2]| {
        let mut registry = Registry::new(info, Vec::new());
        for path in paths {
            registry.mount(
                Operation::get(path).limit(LimitClass::Exempt),
                |_: Call<Anyone>, _: NoBody| async { Ok(NoContent) },
            );
        }
        let seen = Arc::new(Seen::default());
        registry
            .into_endpoint(edge(settings(), &seen, &FakeRelativeClock::default()))
            .err()
    };
    let twice = build(["/a", "/a"]).map(|error| error.to_string());
    assert_eq!(twice.as_deref(), Some("GET /a is mounted twice"));
    assert!(matches!(
        build(["/a/{id}", "/a/{name}"]),
        Some(MountError::Ambiguous { .. })
    ));
    assert!(build(["/a", "/b"]).is_none());
}
