//! The global limit, the classes, and what the client is told about them.

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::support::{CHANGE, TestServer};

#[tokio::test]
async fn the_global_limit_counts_down_refuses_and_refills() {
    let server = TestServer::start().await;
    let first = server.send("GET /api/address", "").await;
    assert_eq!(
        first.header("ratelimit-policy"),
        Some("\"default\";q=120;w=60")
    );
    assert_eq!(first.header("ratelimit"), Some("\"default\";r=119;t=1"));
    assert_eq!(first.header("x-ratelimit-limit"), Some("120"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("119"));
    for _ in 1..120 {
        server.send("GET /api/nothing", "").await;
    }
    let refused = server
        .send("GET /api/address\nOrigin: https://a.example", "")
        .await;
    assert_eq!(
        (refused.status, refused.json()),
        (429, json!({"detail": "Rate limit exceeded"}))
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("x-content-type-options"), Some("nosniff"));
    let other_caller = server
        .send("GET /api/address\nAuthorization: Bearer user:9", "")
        .await;
    assert_eq!(other_caller.status, 200);
    server.clock.advance(Duration::from_millis(500));
    assert_eq!(server.send("GET /api/address", "").await.status, 200);
    assert_eq!(server.send("GET /api/address", "").await.status, 429);
    assert!(
        server
            .seen
            .events
            .lock()
            .contains(&"limited default".to_owned())
    );
}

#[tokio::test]
async fn health_is_limited_and_probes_are_not() {
    let server = TestServer::start().await;
    for _ in 0..120 {
        server.send("GET /health", "").await;
    }
    assert_eq!(server.send("GET /health", "").await.status, 429);
    for path in ["/health/live", "/metrics", "/social/x"] {
        let answer = server.send(&format!("GET {path}"), "").await;
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{path}");
    }
}

#[tokio::test]
async fn a_class_is_told_beside_the_global_limit() {
    let server = TestServer::start().await;
    let ask = format!("POST /api/ask\n{CHANGE}");
    for _ in 0..10 {
        assert_eq!(server.send(&ask, "").await.status, 204);
    }
    let refused = server.send(&ask, "").await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("6"))
    );
    let policy = refused.header("ratelimit-policy");
    assert_eq!(policy, Some("\"default\";q=120;w=60, \"chat\";q=10;w=60"));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("10"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
}

#[tokio::test]
async fn each_act_of_each_admin_has_its_own_bucket() {
    let server = TestServer::start().await;
    let act = |id: u32| {
        format!(
            "POST /api/admin/act\nX-Requested-With: XMLHttpRequest\nAuthorization: Bearer admin:{id}"
        )
    };
    assert_eq!(
        server.send(&act(1), "").await.header("x-ratelimit-limit"),
        Some("120")
    );
    let told = server.send(&act(2), "").await;
    let state = told.header("ratelimit").unwrap_or_default();
    assert!(state.contains("\"admin-action\";r=119"), "{state}");
}
