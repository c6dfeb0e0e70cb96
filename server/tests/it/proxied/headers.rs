//! Headers in and out: nobody says who they are but the connection, and each answer is locked up once.

use std::time::Instant;

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::Value;

use super::{nginx::Proxy, upstream::Upstream};
use crate::{
    guards::headers::unlocked,
    support::{Answer, Database, House},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_say_who_it_is() {
    let upstream = Upstream::start(Instant::now()).await;
    let proxy = Proxy::before(&upstream.base, &[]).await;
    let stranger = proxy.stranger();
    let request = stranger
        .request(Method::GET, "/anything")
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

const HSTS: &str = "max-age=63072000; includeSubDomains";

/// What the proxy's own answers have, each once.
const OF_THE_PROXY: [(&str, &str); 6] = [
    ("strict-transport-security", HSTS),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
];

fn assert_header(answer: &Answer, name: &str, value: &str, what: &str) {
    let values: Vec<_> = answer.headers.get_all(name).iter().collect();
    assert_eq!(values, [value], "{what}: {name}");
}

/// An answer that the proxy gave itself.
fn assert_of_the_proxy(answer: &Answer, what: &str) {
    for (name, value) in OF_THE_PROXY {
        assert_header(answer, name, value, what);
    }
    let times = answer.headers.get_all("x-request-id").iter().count();
    assert_eq!(times, 1, "{what}");
    assert_eq!(answer.header("server"), Some("nginx"), "{what}");
}

/// Every route that the description has, as somebody calls it who is nobody.
async fn every_route(house: &House) -> Vec<(Method, String)> {
    let description = house.stranger().get("/openapi.json").await.expect(200);
    let paths = description["paths"].as_object().expect("paths").clone();
    let routes = paths.iter().flat_map(|(path, methods)| {
        let pieces = path.split('/').map(|piece| {
            let given = piece.starts_with('{');
            if given { "1" } else { piece }
        });
        let path = pieces.collect::<Vec<_>>().join("/");
        let methods = methods.as_object().expect("methods").keys();
        methods.filter_map(move |method| {
            let method = method.to_uppercase();
            (method != "PARAMETERS").then(|| (method.parse().expect("a method"), path.clone()))
        })
    });
    routes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_of_each_route_is_locked_up_once() {
    let house = House::open(&Database::Sqlite, &[("TRUSTED_PROXY_IPS", "127.0.0.1")]).await;
    let proxy = Proxy::before(&house.base(), &[("OPERATOR_NETWORKS", "127.0.0.1/32")]).await;
    let stranger = proxy.stranger();
    let mut routes = every_route(&house).await;
    assert!(routes.len() > 60, "{} routes", routes.len());
    for nowhere in ["/no/such/path", "/.git/config", "/api/", "/index.html"] {
        routes.push((Method::GET, nowhere.to_owned()));
    }
    for (method, path) in routes {
        let answer = stranger.send(stranger.request(method.clone(), &path)).await;
        let what = format!("{method} {path}: {}", answer.status);
        // The proxy names itself, without its version, and the server nothing.
        assert_eq!(answer.header("server"), Some("nginx"), "{what}");
        let mut own = answer;
        own.headers.remove("server");
        assert_eq!(unlocked(&path, &own), [""; 0], "{what}");
        assert_header(&own, "strict-transport-security", HSTS, &what);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_proxy_answers_itself_is_locked_up_too() {
    let house = House::open(&Database::Sqlite, &[("TRUSTED_PROXY_IPS", "127.0.0.1")]).await;
    let settings = [
        ("OPERATOR_NETWORKS", "192.0.2.0/24"),
        ("LARGEST_BODY", "1k"),
    ];
    let proxy = Proxy::before(&house.base(), &settings).await;
    let stranger = proxy.stranger();
    for path in [
        "/metrics",
        "/docs",
        "/openapi.json",
        "/runbooks/LedgerDrift.md",
    ] {
        let hidden = stranger.get(path).await;
        assert_eq!(hidden.status, 404);
        assert_of_the_proxy(&hidden, path);
    }
    let large = stranger.request(Method::POST, "/api/stores");
    let large = stranger.send(large.body("x".repeat(2_000))).await;
    assert_eq!(large.status, 413);
    assert_of_the_proxy(&large, "a large body");
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
    assert_of_the_proxy(&gone, "no server");
    let problem: Value = serde_json::from_str(&gone.body).expect("JSON");
    assert_eq!(problem["status"], 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn runbooks_are_locked_up_too() {
    let upstream = Upstream::start(Instant::now()).await;
    let settings = [("OPERATOR_NETWORKS", "127.0.0.1/32")];
    let proxy = Proxy::before(&upstream.base, &settings).await;
    let runbook = proxy.stranger().get("/runbooks/LedgerDrift.md").await;
    assert_eq!(runbook.status, 200);
    for (name, value) in OF_THE_PROXY {
        // They are no secret of anybody's, and the same for every operator.
        if name != "cache-control" {
            assert_header(&runbook, name, value, "a runbook");
        }
    }
}
