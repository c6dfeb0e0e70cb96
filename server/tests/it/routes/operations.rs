//! Health, readiness, metrics, the description and the front page.

use serde_json::json;

use crate::support::{Database, House, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_well_house_says_so_in_every_dialect() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let stranger = house.stranger();
        let health = stranger.get("/health").await.expect(200);
        assert_eq!(health["status"], "ok");
        for part in ["database", "gemini_api", "redis"] {
            assert_eq!(health[part], true, "{part}");
        }
        for path in ["/live", "/health/live"] {
            assert_eq!(
                stranger.get(path).await.expect(200),
                json!({"status": "ok"})
            );
        }
        let ready = stranger.get("/ready").await.expect(200);
        assert_eq!(ready["database"], true);
        assert_eq!(ready["redis"], true);
        let parts = stranger.get("/health/ready").await.expect(200);
        for part in ["database", "queue", "redis", "storage"] {
            let status = &parts["checks"][part]["status"];
            assert!(status == "ok" || part == "redis", "{parts}");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_say_what_the_settings_fix() {
    let database = Database::Sqlite;
    for (previous, level) in [
        (None, "0"),
        (Some("a-secret-of-thirty-two-characters"), "1"),
    ] {
        let previous: Vec<_> = previous
            .map(|secret| ("JWT_SECRET_PREVIOUS", secret))
            .into_iter()
            .collect();
        let house = House::open(&database, &previous).await;
        let page = house.stranger().get("/metrics").await.body;
        for line in [
            "binnacle_config_strict 0".to_owned(),
            "binnacle_signing_key_info{slot=\"current\"} 1".to_owned(),
            format!("binnacle_signing_key_info{{slot=\"previous\"}} {level}"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}");
        }
        house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_redis_is_told() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("REDIS_URL", "redis://127.0.0.1:1")]).await;
        let stranger = house.stranger();
        let health = stranger.get("/health").await.expect(503);
        assert_eq!(health["status"], "degraded");
        assert_eq!(health["redis"], false);
        assert_eq!(health["database"], true);
        assert_eq!(stranger.get("/live").await.status, 200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_the_machine_itself_and_who_has_the_token() {
    on_each_database(|database| async move {
        let token = "a-token-of-thirty-two-characters!";
        let house = House::open(&database, &[("METRICS_TOKEN", token)]).await;
        let ada = house.user("ada").await;
        ada.store("Tides").await;
        let direct = house.stranger().get("/metrics").await;
        assert_eq!(direct.status, 200);
        assert!(
            direct
                .header("content-type")
                .expect("a type")
                .starts_with("text/plain")
        );
        for name in ["http_requests_total", "http_request_duration_seconds"] {
            assert!(direct.body.contains(name), "{name}");
        }
        assert!(direct.body.contains("/api/stores"));
        assert!(!direct.body.contains("ada@"), "no people in labels");
        let through = async |bearer: Option<&str>| {
            let request = house.stranger().request(reqwest::Method::GET, "/metrics");
            let request = request.header("x-forwarded-for", "127.0.0.1");
            let request = match bearer {
                Some(bearer) => request.bearer_auth(bearer),
                None => request,
            };
            ada.send(request).await
        };
        let refused = through(None).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.body, r#"{"error":"Forbidden"}"#);
        assert_eq!(through(Some("wrong")).await.status, 403);
        assert_eq!(through(ada.token.as_deref()).await.status, 403);
        assert_eq!(through(Some(token)).await.status, 200);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_leads_to_the_description() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let page = house.stranger().get("/").await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("/docs"), "{}", page.body);
        let docs = house.stranger().get("/docs").await;
        assert!(
            docs.header("content-type")
                .expect("a type")
                .starts_with("text/html")
        );
        let description = house.stranger().get("/openapi.json").await.expect(200);
        assert!(
            description["openapi"]
                .as_str()
                .is_some_and(|version| version.starts_with("3."))
        );
        for (path, methods) in description["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let what = format!("{method} {path}");
                assert!(
                    operation["summary"]
                        .as_str()
                        .is_some_and(|text| !text.is_empty()),
                    "{what}"
                );
                assert!(operation["responses"].get("500").is_some(), "{what}");
                let needs_token = operation["security"]
                    .as_array()
                    .is_some_and(|list| !list.is_empty());
                let refuses = operation["responses"].get("401").is_some();
                assert!(!needs_token || refuses, "{what}");
            }
        }
        house.stop().await;
    })
    .await;
}
