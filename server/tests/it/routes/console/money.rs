//! Spend, the ledger, and the rules for everybody's money.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::{audit_id, ids, problem, walk};
use crate::support::{House, User, on_each_database};

/// Three people, two of whom asked something.
async fn spenders(house: &House) -> User {
    let admin = house.admin().await;
    for name in ["ada", "bo"] {
        let user = house.user(name).await;
        let store = user.store("Papers").await;
        let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
        user.indexed(store, "ferry.txt", "text/plain", text).await;
        user.ask(store, "When does the ferry leave?").await;
        user.ask(store, "Where does it leave from?").await;
    }
    admin
}

/// The charges sum to this, each is shown once, and they can be asked for by what they were for.
async fn assert_ledger(admin: &User, sum: i64) {
    let entries = walk(admin, "/api/admin/ledger", 2).await;
    let charged: i64 = entries
        .iter()
        .filter_map(|charge| charge["amount_nanos"].as_i64())
        .sum();
    assert_eq!(charged, sum);
    let numbers = ids(&entries);
    assert!(numbers.is_sorted_by(|left, right| left > right));
    let count = admin.get("/api/admin/ledger/count").await.expect(200);
    assert_eq!(count["count"].as_u64(), Some(numbers.len() as u64));
    let job = entries
        .iter()
        .find_map(|charge| charge["job_id"].as_str())
        .expect("an upload's charge");
    let detail = admin.get(&format!("/api/admin/jobs/{job}")).await;
    assert_eq!(detail.expect(200)["job"]["kind"], "index_document");
    let stream = entries
        .iter()
        .find_map(|charge| charge["stream_id"].as_str())
        .expect("an answer's charge");
    let of_stream = walk(
        admin,
        &format!("/api/admin/ledger?filter=stream:{stream}"),
        9,
    )
    .await;
    assert_eq!(of_stream.len(), 1);
    assert_eq!(
        walk(admin, "/api/admin/ledger?filter=stream:x", 9).await,
        Vec::<serde_json::Value>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybodys_money_adds_up() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = spenders(&house).await;
        let lines = walk(&admin, "/api/admin/spend?sort=-spent", 2).await;
        assert_eq!(lines.len(), 3);
        let spent: Vec<i64> = lines
            .iter()
            .filter_map(|line| line["budget"]["spent_nanos"].as_i64())
            .collect();
        assert!(
            spent.is_sorted_by(|left, right| left >= right) && spent[1] > 0,
            "{spent:?}"
        );
        let sum: i64 = spent.iter().sum();

        let total = admin.get("/api/admin/spend/total").await.expect(200);
        assert_eq!(total["budget"]["spent_nanos"], sum);
        assert_eq!(
            (&total["holds"], &total["drift_nanos"]),
            (&json!(0), &json!(0))
        );
        for group in ["user", "model", "kind", "day"] {
            let path = format!("/api/admin/spend/by?group={group}");
            let groups = admin.get(&path).await.expect(200);
            let groups = groups["items"].as_array().expect("items").clone();
            let parts: i64 = groups
                .iter()
                .filter_map(|part| part["spent_nanos"].as_i64())
                .sum();
            assert_eq!(parts, sum, "{group}: {groups:?}");
        }
        let by_user = admin
            .get("/api/admin/spend/by?group=user")
            .await
            .expect(200);
        assert!(by_user.to_string().contains("ada@example.org"));

        assert_ledger(&admin, sum).await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn months_and_groups_that_are_none_are_refused() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let past = walk(&admin, "/api/admin/spend?period=2020-01", 9).await;
        assert!(past.iter().all(|line| line["budget"]["spent_nanos"] == 0));
        for path in [
            "spend?period=2026-13",
            "spend?period=x",
            "spend/by?group=hat",
            "spend/by",
        ] {
            let refused = admin.get(&format!("/api/admin/{path}")).await;
            assert_eq!(problem(&refused, 422), "invalid_request");
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_console_count_for_new_users() {
    on_each_database(|database| async move {
        let settings = [("DEFAULT_MONTHLY_LIMIT_USD", "3")];
        let house = House::open(&database, &settings).await;
        let admin = house.admin().await;
        let rules = "/api/admin/settings";
        let shown = admin.get(rules).await.expect(200);
        assert_eq!(shown, json!({"default_limit_nanos": 3_000_000_000_i64, "house_line_nanos": null}));
        let change = json!({"default_limit_nanos": 7_000_000_000_i64, "house_line_nanos": 90_000_000_000_i64});
        let answer = admin.patch(rules, &change).await;
        let act = audit_id(&answer);
        assert_eq!(answer.expect(200), change);
        let nothing = admin.patch(rules, &json!({})).await;
        assert_eq!(nothing.header("x-audit-id"), None);
        assert_eq!(nothing.expect(200), change);
        let limit_of = async |name: &str| {
            let id = house.user(name).await.id().await;
            let shown = admin.get(&format!("/api/admin/accounts/{id}")).await.expect(200);
            shown["budget"]["limit_nanos"].clone()
        };
        assert_eq!(limit_of("ada").await, 7_000_000_000_i64);
        let removed = admin.patch(rules, &json!({"default_limit_nanos": -1})).await;
        assert_eq!(removed.expect(200)["default_limit_nanos"], json!(null));
        assert_eq!(limit_of("bo").await, json!(null));
        let total = admin.get("/api/admin/spend/total").await.expect(200);
        assert_eq!(total["house_line_nanos"], 90_000_000_000_i64);
        let most = json!({"default_limit_nanos": i64::MAX});
        assert_eq!(problem(&admin.patch(rules, &most).await, 422), "invalid_request");

        let undo = format!("/api/admin/audit/entries/{act}/undo");
        assert_eq!(problem(&admin.post(&undo, &json!({})).await, 409), "changed_since");
        admin.patch(rules, &json!({"default_limit_nanos": 7_000_000_000_i64})).await.expect(200);
        admin.post(&undo, &json!({})).await.expect(200);
        assert_eq!(admin.get(rules).await.expect(200), shown);
        house.stop().await;
    })
    .await;
}
