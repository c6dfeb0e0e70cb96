//! Every refusal: its status, its body, its headers.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::support::{CHANGE, TestServer};

#[tokio::test]
async fn unknown_paths_are_answered_in_the_words_of_their_family() {
    let server = TestServer::start().await;
    let detail = server.send("GET /api/nothing", "").await;
    assert_eq!(
        (detail.status, detail.json()),
        (404, json!({"detail": "Not Found"}))
    );
    let problem = server.send("GET /social/nothing", "").await;
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem.json()["status"], 404);
    let root = server.send("GET /nothing", "").await;
    assert_eq!(
        (root.status, root.json()),
        (404, json!({"detail": "Not Found"}))
    );
    let finished = server.seen.finished.lock().clone();
    assert!(
        finished
            .iter()
            .all(|(_, route, status)| route == "unmatched" && *status == 404)
    );
}

#[tokio::test]
async fn paths_that_only_look_alike_are_other_paths() {
    let server = TestServer::start().await;
    for path in [
        "//api/notes",
        "/API/notes",
        "/api//notes",
        "/api/notes/",
        "/%61pi/notes",
        "/api/notes;x",
    ] {
        let answer = server.send(&format!("GET {path}\n{CHANGE}"), "").await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let absolute = server
        .send(&format!("GET http://elsewhere/api/notes\n{CHANGE}"), "")
        .await;
    assert_eq!(absolute.status, 200);
    let overridden = server
        .send("GET /api/address\nX-Original-URL: /api/notes", "")
        .await;
    assert_eq!(overridden.status, 200);
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = TestServer::start().await;
    let answer = server.send(&format!("PUT /api/notes\n{CHANGE}"), "").await;
    assert_eq!(
        (answer.status, answer.json()),
        (405, json!({"detail": "Method Not Allowed"}))
    );
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
    let trace = server.send("TRACE /api/notes", "").await;
    assert_eq!(trace.status, 405);
    let invented = server.send("BREW /api/notes", "").await;
    assert_eq!(invented.status, 405);
    let options = server.send("OPTIONS /api/notes/1", "").await;
    assert_eq!(
        (options.status, options.header("allow")),
        (204, Some("GET, DELETE, HEAD, OPTIONS"))
    );
    let methods: Vec<String> = server
        .seen
        .finished
        .lock()
        .iter()
        .map(|(method, ..)| method.clone())
        .collect();
    assert_eq!(methods, ["PUT", "TRACE", "_OTHER", "OPTIONS"]);
}

#[tokio::test]
async fn broken_json_is_400_and_a_wrong_shape_is_422_with_the_field() {
    let server = TestServer::start().await;
    let post = |body: &'static str| {
        let head = format!("POST /api/notes\n{CHANGE}\nContent-Type: application/json");
        let server = &server;
        async move { server.send(&head, body).await }
    };
    for broken in [
        "{",
        "{\"title\": }",
        "not json",
        "{\"title\":\"a\",\"marks\":[]} trailing",
        "\u{0}",
    ] {
        let answer = post(broken).await;
        assert_eq!(answer.status, 400, "{broken}");
    }
    let missing = post("").await;
    let field = json!({"loc": ["body"], "msg": "Field required", "type": "missing"});
    assert_eq!(
        (missing.status, missing.json()),
        (422, json!({"detail": [field]}))
    );
    let cases = [
        (r#"{"marks": []}"#, json!(["body", "title"]), "missing"),
        (
            r#"{"title": null, "marks": []}"#,
            json!(["body", "title"]),
            "type_error",
        ),
        (
            r#"{"title": [], "marks": []}"#,
            json!(["body", "title"]),
            "type_error",
        ),
        (
            r#"{"title": "a", "marks": [{"page": 1}, {"page": -2}]}"#,
            json!(["body", "marks", "1", "page"]),
            "value_error",
        ),
        (
            r#"{"title": "a", "title": "b", "marks": []}"#,
            json!(["body", "title"]),
            "value_error",
        ),
        ("[]", json!(["body"]), "value_error"),
        ("null", json!(["body"]), "type_error"),
    ];
    for (body, loc, kind) in cases {
        let answer = post(body).await;
        let detail = &answer.json()["detail"][0];
        assert_eq!(
            (answer.status, &detail["loc"], &detail["type"]),
            (422, &loc, &json!(kind)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn messages_do_not_name_our_types() {
    let server = TestServer::start().await;
    let body = r#"{"title": "a", "marks": [7]}"#;
    let answer = server.send("POST /social/notes", body).await;
    let message = &answer.json()["errors"][0]["message"];
    assert_eq!(message, "Invalid type: integer `7`, expected an object");
}

#[tokio::test]
async fn bottomless_json_is_refused_without_harm() {
    let server = TestServer::start().await;
    let head = "POST /social/notes\nContent-Type: application/json";
    let deep = server.send(head, &"[".repeat(900)).await;
    assert_eq!(deep.status, 422);
    let deeper = server
        .send(head, &format!("{{\"title\":{}", "[".repeat(900)))
        .await;
    assert_eq!(deeper.status, 422);
    let unknown = server
        .send(head, &format!("{{\"other\":{}", "[".repeat(900)))
        .await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn queries_and_paths_name_their_field() {
    let server = TestServer::start().await;
    let query = server
        .send(&format!("GET /api/notes?limit=x&other=1\n{CHANGE}"), "")
        .await;
    assert_eq!(
        (query.status, &query.json()["detail"][0]["loc"]),
        (422, &json!(["query", "limit"]))
    );
    let twice = server
        .send(&format!("GET /api/notes?limit=1&limit=2\n{CHANGE}"), "")
        .await;
    assert_eq!(
        (twice.status, &twice.json()["detail"][0]["loc"]),
        (422, &json!(["query", "limit"]))
    );
    let fine = server
        .send(&format!("GET /api/notes?limit=3&other=1\n{CHANGE}"), "")
        .await;
    assert_eq!((fine.status, fine.json()), (200, json!(["3"])));
    let path = server
        .send(&format!("GET /api/notes/abc\n{CHANGE}"), "")
        .await;
    assert_eq!(
        (path.status, &path.json()["detail"][0]["loc"]),
        (422, &json!(["path", "id"]))
    );
    let gone = server
        .send(&format!("GET /api/notes/2\n{CHANGE}"), "")
        .await;
    assert_eq!(
        (gone.status, gone.json()),
        (404, json!({"detail": "Note not found"}))
    );
}

#[tokio::test]
async fn another_content_type_is_415() {
    let server = TestServer::start().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
    ] {
        let head = format!("POST /api/notes\n{CHANGE}\nContent-Type: {kind}");
        assert_eq!(server.send(&head, "{}").await.status, 415, "{kind}");
    }
    for kind in [
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "application/ld+json",
    ] {
        let head = format!("POST /api/notes\n{CHANGE}\nContent-Type: {kind}");
        let answer = server.send(&head, r#"{"title":"a","marks":[]}"#).await;
        assert_eq!(answer.status, 201, "{kind}");
        assert_eq!(answer.header("location"), Some("/api/notes/1"));
    }
    let silent = server
        .send(
            &format!("POST /api/notes\n{CHANGE}"),
            r#"{"title":"a","marks":[]}"#,
        )
        .await;
    assert_eq!(silent.status, 201);
}

#[tokio::test]
async fn a_body_over_its_cap_is_413_however_it_comes() {
    let server = TestServer::start().await;
    let large = "x".repeat(3_000_000);
    let declared = server
        .send(&format!("POST /api/notes\n{CHANGE}"), &large)
        .await;
    assert_eq!(
        (declared.status, declared.json()),
        (413, json!({"detail": "Request body too large"}))
    );
    let chunks = format!("{:x}\r\n{}\r\n0\r\n\r\n", large.len(), large);
    let head = format!("POST /api/notes\n{CHANGE}\nTransfer-Encoding: chunked");
    let chunked = server.send(&head, &chunks).await;
    assert_eq!(
        (chunked.status, chunked.json()),
        (413, json!({"detail": "Request body too large"}))
    );
    let exact = format!(r#"{{"title":"{}","marks":[]}}"#, "x".repeat(977));
    assert_eq!(exact.len(), 1_000);
    assert_eq!(
        server
            .send(&format!("POST /api/notes\n{CHANGE}"), &exact)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn a_body_shorter_than_it_said_is_400_when_the_client_stops() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = TestServer::start().await;
    let mut stream = server.connect().await;
    let head = "POST /social/notes HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n{\"title\"";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).await.unwrap();
    assert!(
        received.is_empty() || received.starts_with("HTTP/1.1 400"),
        "{received}"
    );
    server
        .seen
        .until(|seen| !seen.finished.lock().is_empty())
        .await;
    let finished = server.seen.finished.lock().clone();
    assert!(matches!(finished[0].2, 400 | 499), "{finished:?}");
}

#[tokio::test]
async fn a_panic_is_a_500_for_one_request_and_counted() {
    let server = TestServer::start().await;
    for path in ["/api/panic", "/api/fail"] {
        let answer = server
            .send(&format!("GET {path}\nX-Request-ID: req-1"), "")
            .await;
        let told = json!({"detail": "Internal server error"});
        assert_eq!((answer.status, answer.json()), (500, told));
        assert_eq!(answer.header("x-request-id"), Some("req-1"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    }
    assert_eq!(*server.seen.events.lock(), ["panic"]);
    assert_eq!(server.send("GET /health/live", "").await.status, 200);
    let finished = server.seen.finished.lock().clone();
    assert_eq!(
        finished[0],
        ("GET".to_owned(), "/api/panic".to_owned(), 500)
    );
}
