//! Overview, providers and the machinery; and that the pulse says what `/metrics` says.

use serde_json::{Value, json};

use super::follower::Follower;
use crate::support::{House, Sql, User, on_each_database};

/// The sum of a metric's series that have all of `labels`.
async fn metric(house: &House, name: &str, labels: &[&str]) -> f64 {
    let page = house.stranger().get("/metrics").await.body;
    let series = page.lines().filter(|line| {
        let named = line.split([' ', '{']).next() == Some(name);
        named && labels.iter().all(|label| line.contains(label))
    });
    let values = series.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
    values.sum()
}

async fn overview(admin: &User) -> Value {
    admin.get("/api/admin/overview").await.expect(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pulse_says_what_the_metrics_say() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = super::streams::reader(&house, "ada").await;
        let admin = house.admin().await;
        let mut feed = Follower::open(&admin, "pulse", None).await;
        let before = feed.until("pulse", |_| true).await;
        let requests = metric(&house, "http_requests_total", &[]).await;
        let tokens = ["type=\"completion\""];
        let told = metric(&house, "llm_tokens_total", &tokens).await;
        for _ in 0..30 {
            ada.get("/api/stores").await.expect(200);
        }
        assert!(ada.ask(store, "How many piers are there?").await.done);
        let made = metric(&house, "http_requests_total", &[]).await - requests;
        let written = metric(&house, "llm_tokens_total", &tokens).await - told;
        assert!(made >= 30.0 && written > 0.0, "{made} {written}");
        let spent = "binnacle_budget_spend_nanodollars_total";
        assert!(metric(&house, spent, &[]).await > 0.0);
        let pulse = feed
            .until("pulse", |pulse| {
                pulse["at"] != before.data["at"] && pulse["tokens_out_per_s"] != 0.0
            })
            .await;
        let rate = |field: &str| pulse.data[field].as_f64().expect("a number");
        // What rose within the last seconds, over the time that the pulse looks back: at most its
        // window, and at least the time since the house began.
        let window = rate("window_s");
        assert!(
            rate("tokens_out_per_s") * window >= written * 0.8,
            "{pulse:?}"
        );
        assert!(rate("requests_per_s") * window >= made * 0.8, "{pulse:?}");
        assert!(rate("spend_nanos_per_min") > 0.0, "{pulse:?}");
        assert!(pulse.data["latency_ms"]["p95"].as_f64().expect("a time") > 0.0);
        assert!(
            pulse.data["first_token_ms"]["p50"]
                .as_f64()
                .expect("a time")
                > 0.0
        );
        assert_eq!(pulse.data["error_ratio"], 0.0);
        let quiet = feed
            .until("pulse", |pulse| {
                pulse["holds"] == 0 && pulse["held_nanos"] == 0
            })
            .await;
        assert_eq!(quiet.data["drift_nanos"], 0);
        let open = metric(&house, "binnacle_budget_reservations_open", &[]).await;
        assert!(open.abs() < f64::EPSILON);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_names_the_house_its_money_and_what_happened() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("HOUSE_MONTHLY_LIMIT_USD", "400")]).await;
        let (ada, store) = super::streams::reader(&house, "ada").await;
        let admin = house.admin().await;
        assert!(ada.ask(store, "How many piers are there?").await.done);
        let seen = overview(&admin).await;
        assert_eq!(seen["money"]["budget"]["limit_nanos"], 400_000_000_000_i64);
        let spent = seen["money"]["budget"]["spent_nanos"]
            .as_i64()
            .expect("money");
        assert!(spent > 0);
        assert_eq!(seen["top_spend"][0]["email"], "ada@example.org");
        assert_eq!(seen["top_spend"][0]["budget"]["spent_nanos"], spent);
        assert_eq!(seen["providers"][0]["name"], "offline");
        assert!(seen["stores"]["database_bytes"].as_i64().expect("bytes") > 0);
        assert!(seen["stores"]["blob_bytes"].as_i64().expect("bytes") > 0);
        let events = seen["events"].as_array().expect("events");
        let kinds = |kind: &str| events.iter().any(|event| event["kind"] == kind);
        assert!(kinds("job") && kinds("stream"), "{events:?}");
        let text = seen.to_string();
        assert!(
            !text.contains("piers") && !text.contains("aldra"),
            "no content"
        );
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_tried_reset_and_asked_for_a_key_that_it_has_not() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let listed = admin.get("/api/admin/providers").await.expect(200);
        let offline = &listed["items"][0];
        assert_eq!(offline["state"], "closed");
        assert_eq!(offline["uses"][0]["capability"], "chat");
        assert_eq!(offline["series"].as_array().expect("steps").len(), 60);
        let probe = admin
            .post("/api/admin/providers/offline/probe", &json!({}))
            .await;
        assert!(probe.header("x-audit-id").is_some());
        let probe = probe.expect(200);
        assert_eq!(probe["ok"], true);
        let mut sql = Sql::of(&house).await;
        assert_eq!(sql.count("ledger").await, 1, "a probe is paid for");
        let sum = "SELECT CAST(SUM(amount_nanos) AS BIGINT) FROM ledger";
        assert_eq!(probe["cost_nanos"], sql.number(sum).await);
        let path = format!("/api/admin/budgets/{}", admin.id().await);
        let nothing = json!({"monthly_limit_usd": 0.0});
        admin.post(&path, &nothing).await.expect(200);
        let refused = admin
            .post("/api/admin/providers/offline/probe", &json!({}))
            .await
            .expect(402);
        assert_eq!(refused["code"], "budget_exceeded");
        let reset = admin
            .post("/api/admin/providers/offline/reset", &json!({}))
            .await;
        assert_eq!(reset.expect(200)["state"], "closed");
        let post = async |path: &str| admin.post(path, &json!({})).await.status;
        assert_eq!(post("/api/admin/providers/offline/rotate").await, 409);
        assert_eq!(post("/api/admin/providers/gemini/reset").await, 404);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machinery_is_told_without_secrets() {
    on_each_database(|database| async move {
        let secret = "a-secret-that-must-never-be-shown-0123456789";
        let house = House::open(&database, &[("JWT_SECRET", secret)]).await;
        let admin = house.admin().await;
        let answer = admin.get("/api/admin/system").await;
        assert!(!answer.body.contains(secret));
        let system = answer.expect(200);
        assert_eq!(system["environment"], "test");
        assert_eq!(system["migrations"]["pending"], 0);
        assert_eq!(
            system["migrations"]["applied"],
            system["migrations"]["newest"]
        );
        let processes = system["processes"].as_array().expect("processes");
        assert_eq!(processes.len(), 1);
        assert_eq!(processes[0]["role"], "serve");
        assert!(processes[0]["rss_bytes"].as_i64().expect("bytes") > 0);
        let settings = system["settings"].as_array().expect("settings");
        let of = |name: &str| {
            let found = settings.iter().find(|setting| setting["name"] == name);
            found.unwrap_or_else(|| panic!("{name} is not told"))
        };
        assert_eq!(of("JWT_SECRET")["value"], Value::Null);
        assert_eq!(of("JWT_SECRET")["secret"], true);
        assert_eq!(of("JWT_SECRET")["source"], "environment");
        assert_eq!(of("RATE_LIMIT_PER_MINUTE")["value"], "100000");
        let checks = system["checks"].as_array().expect("checks");
        let ill: Vec<&Value> = checks
            .iter()
            .filter(|check| check["state"] == "bad")
            .collect();
        assert!(ill.is_empty(), "{ill:?}");
        let absent = checks.iter().find(|check| check["name"] == "redis");
        assert_eq!(absent.expect("a check")["state"], "absent");
        house.stop().await;
    })
    .await;
}
