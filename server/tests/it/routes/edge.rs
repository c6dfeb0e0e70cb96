//! What every answer has, whichever route gave it, and what no route takes.

use serde_json::json;

use crate::support::{Answer, House, User, Wire, on_each_database};

const ON_EVERY_ANSWER: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("x-download-options", "noopen"),
    ("x-permitted-cross-domain-policies", "none"),
    ("cross-origin-opener-policy", "same-origin"),
];

fn assert_headers(answer: &Answer, what: &str) {
    for (name, value) in ON_EVERY_ANSWER {
        assert_eq!(answer.header(name), Some(value), "{what}: {name}");
    }
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    let permissions = answer.header("permissions-policy").expect("a policy");
    assert!(permissions.contains("camera=()"), "{what}: {permissions}");
    assert!(answer.header("x-request-id").is_some(), "{what}");
    assert!(
        answer.header("strict-transport-security").is_none(),
        "{what}"
    );
}

async fn send(user: &User, method: &str, path: &str) -> Answer {
    let method = method.parse().expect("a method");
    user.send(user.request(method, path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_headers_and_the_dialect_of_good_answers() {
    on_each_database(|database| async move {
        let settings = [("LOGIN_RATE_LIMIT_PER_MINUTE", "1")];
        let house = House::open(&database, &settings).await;
        let ada = house.user("ada").await;
        let stranger = house.stranger();
        let login = json!({"email": "eve@example.org", "password": "x"});
        let answers = [
            (200, send(&ada, "GET", "/api/stores").await),
            (200, send(&stranger, "GET", "/").await),
            (200, send(&stranger, "GET", "/docs").await),
            (401, send(&stranger, "GET", "/api/stores").await),
            (403, send(&ada, "GET", "/api/admin/users").await),
            (404, send(&ada, "GET", "/api/nothing").await),
            (404, send(&ada, "GET", "/nothing").await),
            (404, send(&ada, "GET", "/api/documents/store/987654").await),
            (405, send(&ada, "PUT", "/api/stores").await),
            (422, ada.post("/api/stores", &json!({})).await),
            (429, stranger.post("/api/auth/login", &login).await),
        ];
        for (status, answer) in &answers {
            assert_eq!(answer.status, *status, "{}", answer.body);
            assert_headers(answer, &format!("{status}"));
            if *status >= 400 {
                assert_eq!(answer.header("content-type"), Some("application/json"));
                let body: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
                assert!(body.get("detail").is_some(), "{body}");
            }
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_the_right_ones() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        for (method, path, allowed) in [
            (
                "PUT",
                "/api/stores",
                &["GET", "HEAD", "POST", "OPTIONS"][..],
            ),
            ("GET", "/api/chat", &["POST", "OPTIONS"]),
            ("POST", "/api/costs/summary", &["GET", "HEAD", "OPTIONS"]),
            ("GET", "/api/documents/1", &["DELETE", "OPTIONS"]),
            ("DELETE", "/health", &["GET", "HEAD", "OPTIONS"]),
            (
                "PATCH",
                "/api/admin/budgets/1",
                &["GET", "HEAD", "POST", "OPTIONS"],
            ),
        ] {
            let answer = send(&ada, method, path).await;
            let mut allow: Vec<&str> = answer.header("allow").expect("Allow").split(", ").collect();
            let mut expected = allowed.to_vec();
            allow.sort_unstable();
            expected.sort_unstable();
            assert_eq!(allow, expected, "{method} {path}");
            assert_eq!(answer.refused(405), "Method Not Allowed");
        }
        for path in [
            "/api",
            "/api/",
            "/api/stores/",
            "/API/stores",
            "/api/stores/1/2",
            "//api/stores",
        ] {
            assert_eq!(send(&ada, "GET", path).await.status, 404, "{path}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let ada = house.user("ada").await;
        for path in [
            "/",
            "/health",
            "/live",
            "/openapi.json",
            "/api/stores",
            "/api/nothing",
        ] {
            let (get, head) = (
                send(&ada, "GET", path).await,
                send(&ada, "HEAD", path).await,
            );
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.body, "", "{path}");
            assert_eq!(
                head.header("content-type"),
                get.header("content-type"),
                "{path}"
            );
            if path != "/health" {
                assert_eq!(
                    head.header("content-length"),
                    get.header("content-length"),
                    "{path}"
                );
            }
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn harmless_request_ids_are_kept_and_others_replaced() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let stranger = house.stranger();
        let answer = async |id: &str| {
            let request = stranger.request(reqwest::Method::GET, "/api/stores");
            let answer = stranger.send(request.header("x-request-id", id)).await;
            answer.header("x-request-id").expect("an id").to_owned()
        };
        let longest = "x".repeat(128);
        for good in ["req-123", "A.b_c:d-9", &longest] {
            assert_eq!(answer(good).await, good);
        }
        for bad in ["a b", "<script>", "a/b", &"x".repeat(129), ""] {
            let id = answer(bad).await;
            assert!(
                id != bad && uuid::Uuid::parse_str(&id).is_ok(),
                "{bad}: {id}"
            );
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_may_read() {
    on_each_database(|database| async move {
        let settings = [("CORS_ORIGINS", "https://app.example.org")];
        let house = House::open(&database, &settings).await;
        let stranger = house.stranger();
        let ask = async |method: &str, origin: &str, preflight: bool| {
            let method = method.parse().expect("a method");
            let request = stranger
                .request(method, "/api/stores")
                .header("origin", origin);
            let request = if preflight {
                request.header("access-control-request-method", "POST")
            } else {
                request
            };
            stranger.send(request).await
        };
        let ours = "https://app.example.org";
        let preflight = ask("OPTIONS", ours, true).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.header("access-control-allow-origin"), Some(ours));
        assert!(preflight.header("access-control-allow-methods").is_some());
        let asked = preflight
            .header("access-control-allow-headers")
            .expect("headers")
            .to_lowercase();
        for name in [
            "authorization",
            "content-type",
            "x-requested-with",
            "x-request-id",
        ] {
            assert!(asked.contains(name), "{asked}");
        }
        let refused = ask("GET", ours, false).await;
        assert_eq!(refused.status, 401);
        assert_eq!(refused.header("access-control-allow-origin"), Some(ours));
        let exposed = refused
            .header("access-control-expose-headers")
            .expect("headers")
            .to_lowercase();
        for name in [
            "x-request-id",
            "x-vercel-ai-ui-message-stream",
            "x-session-id",
            "x-stream-id",
        ] {
            assert!(exposed.contains(name), "{exposed}");
        }
        for theirs in [
            "https://evil.example.org",
            "null",
            "https://app.example.org.evil.example",
        ] {
            let answer = ask("GET", theirs, false).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{theirs}"
            );
            let answer = ask("OPTIONS", theirs, true).await;
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{theirs}"
            );
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_cap_whether_or_not_they_say_their_size() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MAX_JSON_MB", "1")]).await;
        let ada = house.user("ada").await;
        let large = json!({"display_name": "x".repeat(1_100_000)});
        let answer = ada.post("/api/stores", &large).await;
        assert_eq!(answer.refused(413), "Request body too large");

        let head = Wire::head("POST", "/api/stores", &ada);
        let json = "content-type: application/json\r\n";
        let mut said = Wire::to(&house).await;
        said.send(format!("{head}{json}content-length: 99999999999\r\n\r\n")).await;
        assert_eq!(said.status().await, 413);
        let mut chunked = Wire::to(&house).await;
        chunked.send(format!("{head}{json}transfer-encoding: chunked\r\n\r\n")).await;
        let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        for _ in 0..18 {
            chunked.send(&piece).await;
        }
        assert_eq!(chunked.status().await, 413);
        let mut both = Wire::to(&house).await;
        both.send(format!("{head}{json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n")).await;
        let status = both.status().await;
        assert!((400..500).contains(&status), "{status}");
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_refused_and_the_house_goes_on() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let host = "host: house\r\n";
        for (request, statuses) in [
            ("NONSENSE\r\n\r\n".to_owned(), &[400][..]),
            (format!("GET /live HTTP/9.9\r\n{host}\r\n"), &[400, 505]),
            (
                format!("GET /live HTTP/1.1\r\n{host}a b: c\r\n\r\n"),
                &[400],
            ),
            (
                format!(
                    "GET /live HTTP/1.1\r\n{host}x: {}\r\n\r\n",
                    "y".repeat(200_000)
                ),
                &[400, 431],
            ),
            (
                format!("GET /{} HTTP/1.1\r\n{host}\r\n", "y".repeat(200_000)),
                &[400, 404, 414, 431],
            ),
            (
                format!(
                    "GET /live HTTP/1.1\r\n{host}{}\r\n",
                    "x: y\r\n".repeat(5_000)
                ),
                &[400, 431],
            ),
            (
                format!("POST /api/auth/login HTTP/1.1\r\n{host}content-length: -1\r\n\r\n"),
                &[400],
            ),
            (
                format!("GET /api/documents/store/%zz HTTP/1.1\r\n{host}\r\n"),
                &[400, 401, 404],
            ),
            (
                format!("GET /../../etc/passwd HTTP/1.1\r\n{host}\r\n"),
                &[400, 404],
            ),
        ] {
            let mut wire = Wire::to(&house).await;
            wire.send(&request).await;
            let status = wire.status().await;
            assert!(statuses.contains(&status), "{status}: {:.80}", request);
        }
        let mut unfinished = Wire::to(&house).await;
        unfinished.send("GET /live HTTP/1.1\r\nhost:").await;
        assert_eq!(send(&house.stranger(), "GET", "/live").await.status, 200);
        house.stop().await;
    })
    .await;
}
