//! Which origins may read, and the headers that are on every answer.

use pretty_assertions::assert_eq;

use super::{
    super::{ConnectionLimits, CorsSettings, EdgeSettings},
    support::{TestServer, settings},
};

async fn server(cors: CorsSettings) -> TestServer {
    TestServer::with(
        EdgeSettings { cors, ..settings() },
        ConnectionLimits::default(),
    )
    .await
}

fn listed() -> CorsSettings {
    CorsSettings {
        origins: vec!["https://app.example".to_owned()],
        any_origin: false,
        credentials: true,
        ..CorsSettings::default()
    }
}

#[tokio::test]
async fn only_listed_origins_may_read_with_credentials() {
    let server = server(listed()).await;
    let ours = server
        .send("GET /api/address\nOrigin: https://app.example", "")
        .await;
    assert_eq!(
        ours.header("access-control-allow-origin"),
        Some("https://app.example")
    );
    assert_eq!(
        ours.header("access-control-allow-credentials"),
        Some("true")
    );
    let exposed = ours
        .header("access-control-expose-headers")
        .unwrap_or_default();
    assert!(exposed.contains("x-vercel-ai-ui-message-stream") && exposed.contains("X-Request-ID"));
    for foreign in [
        "null",
        "http://app.example",
        "https://app.example.evil.example",
        "https://evil-app.example",
        "https://sub.app.example",
        "https://app.example:444",
    ] {
        let answer = server
            .send(&format!("GET /api/address\nOrigin: {foreign}"), "")
            .await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{foreign}"
        );
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            None,
            "{foreign}"
        );
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn every_origin_is_possible_only_without_credentials() {
    let open = CorsSettings {
        origins: vec![],
        any_origin: true,
        credentials: false,
        ..CorsSettings::default()
    };
    let answer = server(open.clone())
        .await
        .send("GET /api/address\nOrigin: https://x.example", "")
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let both = CorsSettings {
        credentials: true,
        ..open
    };
    let answer = server(both)
        .await
        .send("GET /api/address\nOrigin: https://x.example", "")
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_preflight_is_answered_before_limits_and_guards() {
    let server = server(listed()).await;
    let ask = "OPTIONS /api/notes\nAccess-Control-Request-Method: POST\nOrigin: ";
    let ours = server.send(&format!("{ask}https://app.example"), "").await;
    assert_eq!(ours.status, 204);
    let methods = ours
        .header("access-control-allow-methods")
        .unwrap_or_default();
    assert!(methods.contains("POST") && methods.contains("DELETE"));
    let headers = ours
        .header("access-control-allow-headers")
        .unwrap_or_default();
    assert!(headers.contains("X-Requested-With") && headers.contains("Authorization"));
    assert_eq!(ours.header("x-ratelimit-limit"), None);
    let foreign = server.send(&format!("{ask}https://evil.example"), "").await;
    assert_eq!(foreign.header("access-control-allow-methods"), None);
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_an_id() {
    let server = server(listed()).await;
    let calls = [
        "GET /api/address",
        "GET /api/nothing",
        "GET /api/notes",
        "POST /api/notes",
        "PUT /api/notes",
        "GET /api/panic",
        "GET /metrics",
        "GET /docs",
        "GET /openapi.json",
        "HEAD /api/address",
        "OPTIONS /api/notes\nOrigin: https://app.example\nAccess-Control-Request-Method: POST",
    ];
    for call in calls {
        let answer = server.send(call, "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-download-options", "noopen"),
            ("x-permitted-cross-domain-policies", "none"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{call}: {name}");
        }
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{call}: {policy}"
        );
        let permissions = answer.header("permissions-policy").unwrap_or_default();
        assert!(permissions.contains("microphone=(self)"), "{call}");
        assert!(permissions.contains("camera=()"), "{call}");
        assert!(
            answer
                .header("x-request-id")
                .is_some_and(|id| id.starts_with("made-")),
            "{call}"
        );
        assert_eq!(answer.header("strict-transport-security"), None, "{call}");
    }
}
