//! Headers in and out: nobody says who they are but the connection, and each answer is locked up once.

use std::time::Instant;

use serde_json::Value;

use super::{nginx::Proxy, upstream::Upstream};
use crate::support::{Answer, Database, House};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_say_who_it_is() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &[]).await;
    let stranger = proxy.stranger();
    let request = stranger
        .request(reqwest::Method::GET, "/anything")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-proto", "http")
        .header("x-forwarded-host", "evil.example.org")
        .header("x-real-ip", "6.6.6.6")
        .header("forwarded", "for=6.6.6.6;host=evil.example.org")
        .header("x-request-id", "not a request id \"; drop");
    assert_eq!(stranger.send(request).await.body, "here");
    let heads = upstream.heads();
    let lines: Vec<String> = heads[0]
        .iter()
        .map(|line| line.to_ascii_lowercase())
        .collect();
    for line in [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-host: 127.0.0.1",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "{line} is not in {lines:?}"
        );
    }
    for word in ["6.6.6.6", "evil", "x-real-ip", "forwarded:", "drop"] {
        let told = lines
            .iter()
            .filter(|line| !line.starts_with("x-forwarded-"));
        assert!(
            told.clone().all(|line| !line.contains(word)),
            "{word} is in {lines:?}"
        );
    }
}

fn assert_once(answer: &Answer, name: &str, what: &str) {
    let times = answer.headers.get_all(name).iter().count();
    assert_eq!(times, 1, "{what}: {name} comes {times} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_each_header_once() {
    let house = House::open(&Database::Sqlite, &[("TRUSTED_PROXY_IPS", "127.0.0.1")]).await;
    let settings = [("OPERATOR_NETWORKS", "192.0.2.0/24")];
    let proxy = Proxy::before(&house.base(), &settings).await;
    let stranger = proxy.stranger();
    let paths = [
        "/",
        "/live",
        "/health",
        "/api/stores",
        "/no/such/path",
        "/metrics",
        "/docs",
        "/.git/config",
    ];
    for path in paths {
        let answer = stranger.get(path).await;
        assert_once(&answer, "strict-transport-security", path);
        for name in [
            "x-content-type-options",
            "content-security-policy",
            "x-request-id",
        ] {
            assert_once(&answer, name, path);
        }
        assert!(
            answer
                .header("server")
                .is_none_or(|server| !server.contains('/')),
            "{path}"
        );
    }
    for method in ["TRACE", "CONNECT"] {
        let answer = proxy.raw(format!("{method} / HTTP/1.1\r\nHost: house\r\n\r\n").as_bytes());
        let status = answer.split(' ').nth(1).unwrap_or("closed");
        assert!(
            ["400", "405", "closed"].contains(&status),
            "{method}: {answer}"
        );
    }
    house.stop().await;
    let gone = stranger.get("/live").await;
    assert_eq!(gone.status, 502);
    for name in [
        "strict-transport-security",
        "x-content-type-options",
        "content-security-policy",
        "x-request-id",
    ] {
        assert_once(&gone, name, "no server");
    }
    let problem: Value = serde_json::from_str(&gone.body).expect("JSON");
    assert_eq!(problem["status"], 502);
}
