//! What the routes answer, through the whole edge.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{FutureExt, future::BoxFuture};
use poem::{http::header, test::TestClient};
use serde_json::{Value, json};

use super::*;
use crate::platform::{
    http::{
        ApiInfo, Edge, EdgeEndpoint, EdgeSettings, Identify, Identity, MetricsAccess, Registry,
    },
    limits::{LimitClock, LimitQuotas, Limits},
    tasks::Tasks,
};

struct Nobody;

impl Identify for Nobody {
    fn identify<'a>(&'a self, _token: Option<&'a str>) -> BoxFuture<'a, Identity> {
        std::future::ready(Identity::Anonymous).boxed()
    }
}

fn client_of(house: &House) -> TestClient<EdgeEndpoint> {
    let info = ApiInfo {
        title: "Binnacle",
        version: "0",
        description: "",
    };
    let mut registry = Registry::new(info, FAMILIES.to_vec());
    register(&mut registry, &house.ops);
    register_metrics(&mut registry, &house.ops);
    let requests = AtomicU64::new(0);
    let settings = EdgeSettings {
        metrics_access: MetricsAccess {
            token: Some("a token for the metrics".into()),
            ..MetricsAccess::default()
        },
        ..EdgeSettings::default()
    };
    let edge = Edge {
        settings,
        identify: Arc::new(Nobody),
        limits: Arc::new(Limits::new(LimitQuotas::default(), LimitClock::monotonic())),
        observer: Arc::new(house.ops.0.parts.observers.clone()),
        new_request_id: Arc::new(move || requests.fetch_add(1, Ordering::Relaxed).to_string()),
        tasks: Tasks::default(),
    };
    TestClient::new(registry.into_endpoint(edge).unwrap())
}

async fn get(client: &TestClient<EdgeEndpoint>, path: &str) -> (u16, Value) {
    let response = client.get(path).send().await.0;
    let status = response.status().as_u16();
    let body = response.into_body().into_bytes().await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_well_house_says_so_on_every_route() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &OFFLINE);
        let client = client_of(&house);
        let (status, body) = get(&client, "/health").await;
        let time = "2027-01-15T08:00:00Z";
        let well = json!({
            "status": "ok", "time": time, "database": true, "gemini_api": true, "redis": true,
            "version": env!("CARGO_PKG_VERSION"),
        });
        assert_eq!((status, body), (200, well));
        for path in ["/live", "/health/live"] {
            assert_eq!(get(&client, path).await, (200, json!({"status": "ok"})));
        }
        let ready = json!({"database": true, "storage": true, "redis": true, "draining": false});
        assert_eq!(get(&client, "/ready").await, (200, ready));
        let (status, body) = get(&client, "/health/ready").await;
        let skipped = json!({"status": "skipped", "reason": "No Redis is configured"});
        let parts = json!({
            "database": {"status": "ok"}, "queue": {"status": "ok"}, "redis": skipped,
            "storage": {"status": "ok"},
        });
        let ready = json!({"status": "ok", "time": time, "draining": false, "checks": parts});
        assert_eq!((status, body), (200, ready));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_stops_or_has_lost_its_database_says_503() {
    for_each_database(async |test: TestDb| {
        let house = House::new(&test, &OFFLINE);
        let client = client_of(&house);
        house.stopping.cancel();
        let (status, body) = get(&client, "/ready").await;
        assert_eq!((status, &body["draining"]), (503, &json!(true)));
        assert_eq!(get(&client, "/health/ready").await.0, 503);
        assert_eq!(get(&client, "/live").await.0, 200);
        assert_eq!(get(&client, "/health").await.0, 200);

        let lost = House::new(&test, &OFFLINE);
        let client = client_of(&lost);
        test.db.close().await;
        let (status, body) = get(&client, "/health").await;
        assert_eq!((status, &body["database"]), (503, &json!(false)));
        assert_eq!(body["status"], "degraded");
        let (status, body) = get(&client, "/health/ready").await;
        assert_eq!(status, 503);
        let database = &body["checks"]["database"];
        assert_eq!(database["reason"], "The database does not accept writes");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_those_who_may_read_them() {
    let test = TestDb::sqlite().await;
    let house = House::new(&test, &OFFLINE);
    let client = client_of(&house);
    let forbidden = json!({"error": "Forbidden"});
    assert_eq!(get(&client, "/metrics").await, (403, forbidden));
    let request = client.get("/metrics");
    let request = request.header(header::AUTHORIZATION, "Bearer a token for the metrics");
    let response = request.send().await;
    response.assert_status_is_ok();
    response.assert_content_type("text/plain; version=0.0.4; charset=utf-8");
    let page = response.0.into_body().into_string().await.unwrap();
    let seen = "http_requests_total{method=\"GET\",endpoint=\"/metrics\",status=\"403\"} 1";
    assert!(page.contains(seen), "{page}");
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_health_itself_counts_against_the_global_limit() {
    let test = TestDb::sqlite().await;
    let house = House::new(&test, &OFFLINE);
    let client = client_of(&house);
    let mut statuses = Vec::new();
    for _ in 0..=LimitQuotas::default().global {
        statuses.push(get(&client, "/health").await.0);
        for path in ["/live", "/ready", "/health/live", "/health/ready", "/"] {
            assert_eq!(get(&client, path).await.0, 200, "{path}");
        }
    }
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.iter().all(|status| *status == 200));
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_comes_under_its_own_policy() {
    let test = TestDb::sqlite().await;
    let house = House::new(&test, &OFFLINE);
    let response = client_of(&house).get("/").send().await;
    response.assert_status_is_ok();
    response.assert_content_type("text/html; charset=utf-8");
    let policy = response.0.headers().get(header::CONTENT_SECURITY_POLICY);
    let policy = policy.unwrap().to_str().unwrap();
    assert!(policy.contains("style-src 'sha256-"), "{policy}");
    test.finish().await;
}
