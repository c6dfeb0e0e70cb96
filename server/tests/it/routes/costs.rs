//! Budgets: set, spent, waited for; and the summary that adds up.

use serde_json::{Value, json};

use super::formats::docx;
use crate::support::{House, Sql, User, eventually, on_each_database};

async fn limit(admin: &User, user: &User, dollars: f64) {
    let path = format!("/api/admin/budgets/{}", user.id().await);
    let set = admin
        .post(&path, &json!({"monthly_limit_usd": dollars}))
        .await;
    assert_eq!(set.expect(200), json!({"monthly_limit_usd": dollars}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_is_the_sum_of_the_ledger() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let fresh = ada.get("/api/costs/summary").await.expect(200);
        assert_eq!(fresh["total_usd"], 0.0);
        assert_eq!(fresh["monthly_budget_usd"], Value::Null);
        assert_eq!(fresh["remaining_budget_usd"], Value::Null);
        limit(&admin, &ada, 5.0).await;
        let store = ada.store("Tides").await;
        let text = b"The tide turns at four in the afternoon.".repeat(50);
        ada.indexed(store, "tide.txt", "text/plain", text).await;
        for _ in 0..3 {
            ada.ask(store, "When does the tide turn?").await;
        }

        let costs = ada.get("/api/costs/summary").await.expect(200);

        let number = |name: &str| {
            costs[name]
                .as_f64()
                .unwrap_or_else(|| panic!("{name}: {costs}"))
        };
        let mut sql = Sql::of(&house).await;
        let mut nanos = async |kind: &str| {
            let sum = format!(
                "SELECT CAST(SUM(amount_nanos) AS BIGINT) FROM ledger WHERE kind = '{kind}'"
            );
            sql.number(&sum).await
        };
        let (chat, index) = (nanos("chat").await, nanos("index").await);
        let as_nanos = |dollars: f64| (dollars * 1e9).round() as i64;
        assert_eq!(as_nanos(number("query_cost_usd")), chat);
        assert_eq!(as_nanos(number("indexing_cost_usd")), index);
        assert_eq!(as_nanos(number("total_usd")), chat + index);
        assert_eq!(
            as_nanos(number("remaining_budget_usd")),
            5_000_000_000 - chat - index
        );
        assert!(chat > 0 && index > 0);
        assert!(number("prompt_tokens") > 0.0 && number("completion_tokens") > 0.0);
        assert!(number("index_tokens") > 0.0);
        assert_eq!(number("held_usd"), 0.0);
        let seen = admin
            .get(&format!("/api/admin/budgets/{}", ada.id().await))
            .await
            .expect(200);
        assert_eq!(seen["spent_usd"], costs["total_usd"]);
        assert_eq!(seen["month"], costs["month"]);
        assert_eq!(seen["remaining_usd"], costs["remaining_budget_usd"]);
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_have_bounds() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let path = format!("/api/admin/budgets/{}", ada.id().await);
        for wrong in [
            json!(-0.01),
            json!(100_000_000),
            json!(1e300),
            json!("5"),
            json!(true),
            Value::Null,
            json!([1]),
        ] {
            let answer = admin
                .post(&path, &json!({"monthly_limit_usd": wrong}))
                .await;
            assert_eq!(answer.status, 422, "{wrong}: {}", answer.body);
        }
        limit(&admin, &ada, 99_999_999.99).await;
        limit(&admin, &ada, 0.0).await;
        for unknown in ["987654", "0", "-1", "x"] {
            let path = format!("/api/admin/budgets/{unknown}");
            let body = json!({"monthly_limit_usd": 1});
            assert_eq!(
                admin.post(&path, &body).await.refused(404),
                "User not found"
            );
            assert_eq!(admin.get(&path).await.refused(404), "User not found");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_has_the_default_limit() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("DEFAULT_MONTHLY_LIMIT_USD", "2.50")]).await;
        let ada = house.user("ada").await;
        let costs = ada.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["monthly_budget_usd"], 2.5);
        assert_eq!(costs["remaining_budget_usd"], 2.5);
        house.stop().await;
    })
    .await;
}

/// A dollar for a token that is indexed.
const DEAR: &str = r#"{"default":{"input_price":0.3,"output_price":2.5,"index_price":1000000}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_money_goes_on_when_there_is_some() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[("MODEL_PRICING", DEAR)]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let store = ada.store("Tides").await;
        // Packed, the text is small: what is estimated from the bytes is far too little.
        let file = docx(&"The tide turns at four. ".repeat(2_000));
        let estimate = file.len() / 4;
        limit(&admin, &ada, estimate as f64 + 0.5).await;

        let accepted = ada
            .upload(store, "a.docx", "application/octet-stream", file)
            .await
            .expect(200);

        let operation = accepted["op_id"].as_str().expect("an id").to_owned();
        let path = format!("/api/upload/op-status/{operation}");
        eventually(|| async {
            let status = ada.get(&path).await.expect(200);
            (status["stage"] == "awaiting_budget").then_some(())
        })
        .await;
        let costs = ada.get("/api/costs/summary").await.expect(200);
        assert_eq!(costs["total_usd"], 0.0);
        assert_eq!(costs["held_usd"], 0.0);

        limit(&admin, &ada, 100_000.0).await;

        let status = ada.settled_operation(&operation).await;
        assert_eq!(status["status"], "DONE", "{status}");
        let costs = ada.get("/api/costs/summary").await.expect(200);
        assert!(
            costs["indexing_cost_usd"]
                .as_f64()
                .is_some_and(|cost| cost > estimate as f64)
        );
        assert_eq!(costs["held_usd"], 0.0);
        house.stop().await;
    })
    .await;
}
