//! Who may do what, and in which order a request is refused.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{
    super::{ConnectionLimits, EdgeSettings, MetricsAccess},
    support::{TestServer, settings},
};

#[tokio::test]
async fn who_calls_is_asked_before_what_they_send() {
    let server = TestServer::start().await;
    let csrf = "X-Requested-With: XMLHttpRequest";
    let anonymous = server
        .send(&format!("POST /api/notes\n{csrf}"), "not json")
        .await;
    assert_eq!(
        (anonymous.status, anonymous.json()),
        (401, json!({"detail": "Missing bearer token"}))
    );
    assert_eq!(anonymous.header("www-authenticate"), Some("Bearer"));
    let forged = server
        .send(
            &format!("POST /api/notes\n{csrf}\nAuthorization: Bearer x"),
            "no",
        )
        .await;
    assert_eq!(
        (forged.status, forged.json()),
        (401, json!({"detail": "Invalid token"}))
    );
    let inactive = server
        .send("GET /api/notes\nAuthorization: Bearer inactive", "")
        .await;
    assert_eq!(
        (inactive.status, inactive.json()),
        (403, json!({"detail": "User is inactive"}))
    );
    let events = server.seen.events.lock().clone();
    assert_eq!(
        events,
        [
            "denied /api/notes 401",
            "denied /api/notes 401",
            "denied /api/notes 403"
        ]
    );
}

#[tokio::test]
async fn roles_open_what_they_should() {
    let server = TestServer::start().await;
    let cases = [
        ("DELETE /api/notes/1", [401, 403, 403, 204]),
        ("GET /api/admin/view", [401, 403, 204, 204]),
        ("GET /api/notes", [401, 200, 200, 200]),
        ("GET /api/address", [200, 200, 200, 200]),
    ];
    for (call, expected) in cases {
        let mut found = Vec::new();
        for caller in [
            "",
            "Authorization: Bearer user:1",
            "Authorization: Bearer auditor:2",
            "Authorization: Bearer admin:3",
        ] {
            let head = format!("{call}\nX-Requested-With: XMLHttpRequest\n{caller}");
            found.push(server.send(head.trim(), "").await.status);
        }
        assert_eq!(found, expected, "{call}");
    }
    let denied = server
        .send("GET /api/admin/view\nAuthorization: Bearer user:1", "")
        .await;
    assert_eq!(denied.json(), json!({"detail": "Admin access required"}));
}

#[tokio::test]
async fn a_bad_token_does_not_close_public_operations() {
    let server = TestServer::start().await;
    let answer = server
        .send("GET /api/address\nAuthorization: Bearer x", "")
        .await;
    assert_eq!(answer.status, 200);
    let two = "GET /api/notes\nAuthorization: Bearer user:1\nAuthorization: Bearer user:2";
    assert_eq!(server.send(two, "").await.status, 400);
}

#[tokio::test]
async fn changes_need_the_csrf_header_under_api_alone() {
    let server = TestServer::start().await;
    let bearer = "Authorization: Bearer user:1";
    let body = r#"{"title":"a","marks":[]}"#;
    let without = server
        .send(&format!("POST /api/notes\n{bearer}"), body)
        .await;
    assert_eq!(without.status, 403);
    let wrong = server
        .send(
            &format!("POST /api/notes\n{bearer}\nX-Requested-With: fetch"),
            body,
        )
        .await;
    assert_eq!(wrong.status, 403);
    let delete = server.send("DELETE /api/notes/1", "").await;
    assert_eq!(delete.status, 403);
    assert_eq!(server.send("POST /social/notes", body).await.status, 200);
    assert_eq!(
        server
            .send(&format!("GET /api/notes\n{bearer}"), "")
            .await
            .status,
        200
    );
    assert_eq!(
        *server.seen.events.lock(),
        ["csrf /api/notes", "csrf /api/notes", "csrf /api/notes/{id}"]
    );
}

#[tokio::test]
async fn metrics_are_for_the_machine_the_listed_and_the_token() {
    let server = TestServer::start().await;
    let local = server.send("GET /metrics", "").await;
    assert_eq!((local.status, local.body.as_str()), (200, "up 1\n"));
    let proxied = server
        .send("GET /metrics\nX-Forwarded-For: 127.0.0.1", "")
        .await;
    assert_eq!(
        (proxied.status, proxied.json()),
        (403, json!({"error": "Forbidden"}))
    );

    let trusting = EdgeSettings {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        metrics_access: MetricsAccess {
            everyone: false,
            networks: vec!["203.0.113.0/24".parse().unwrap()],
            token: Some("scraper".to_owned().into()),
        },
        ..settings()
    };
    let server = TestServer::with(trusting, ConnectionLimits::default()).await;
    let from = |address: &str, token: &str| {
        format!("GET /metrics\nX-Forwarded-For: {address}\nAuthorization: Bearer {token}")
    };
    assert_eq!(server.send(&from("203.0.113.9", "x"), "").await.status, 200);
    assert_eq!(
        server
            .send(&from("198.51.100.1", "scraper"), "")
            .await
            .status,
        200
    );
    assert_eq!(
        server
            .send(&from("198.51.100.1", "scrape"), "")
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn addresses_are_believed_from_trusted_proxies_alone() {
    let server = TestServer::start().await;
    let spoofed = server
        .send(
            "GET /api/address\nX-Forwarded-For: 203.0.113.9\nX-Real-IP: 203.0.113.9",
            "",
        )
        .await;
    assert_eq!(spoofed.json(), json!("127.0.0.1"));
    let trusting = EdgeSettings {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..settings()
    };
    let server = TestServer::with(trusting, ConnectionLimits::default()).await;
    let head = "GET /api/address\nX-Forwarded-For: 1.1.1.1, 203.0.113.9\nX-Forwarded-Proto: https";
    let answer = server.send(head, "").await;
    assert_eq!(answer.json(), json!("203.0.113.9"));
    assert!(answer.header("strict-transport-security").is_some());
}
