//! Acts on many users, and deleted stores.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{problem, walk};
use crate::support::{House, on_each_database};

const PREVIEW: &str = "/api/admin/accounts/bulk/preview";
const RUN: &str = "/api/admin/accounts/bulk";

#[tokio::test(flavor = "multi_thread")]
async fn an_act_on_many_does_what_was_previewed() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let people = house.users(&["ada", "bo", "cy", "di", "eve"]).await;
        let set = json!({
            "action": "set_budget", "filter": "role:user", "limit_nanos": 2_000_000_000_i64,
        });
        let preview = admin.post(PREVIEW, &set).await.expect(200);
        assert_eq!(
            (&preview["count"], &preview["skipped"]),
            (&json!(5), &json!([]))
        );
        // One changes, one comes: neither is touched.
        let changed = format!("/api/admin/accounts/{}", people[0]);
        admin
            .patch(&changed, &json!({"notes": "known"}))
            .await
            .expect(200);
        let late = house.user("late").await.id().await;
        let token = json!({"preview_token": preview["preview_token"]});
        let done = admin.post(RUN, &token).await.expect(200);
        assert_eq!(done["done"], 4);
        assert_eq!(
            done["skipped"],
            json!([{"reason": "changed since", "count": 1}])
        );
        let limit = async |id: i64| {
            let shown = admin
                .get(&format!("/api/admin/accounts/{id}"))
                .await
                .expect(200);
            shown["budget"]["limit_nanos"].clone()
        };
        assert_eq!(limit(people[1]).await, 2_000_000_000_i64);
        assert_eq!(
            (limit(people[0]).await, limit(late).await),
            (Value::Null, Value::Null)
        );
        let filter = "/api/admin/audit/entries?filter=action:set_budget";
        assert_eq!(walk(&admin, filter, 50).await.len(), 4, "one entry each");
        let again = admin.post(RUN, &token).await;
        assert_eq!(problem(&again, 409), "preview_changed");

        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_fit_is_left_out_and_told() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let admin = house.admin().await;
        let ada = house.user("ada").await.id().await;
        let limit = json!({"monthly_limit_usd": 2});
        let budget = format!("/api/admin/budgets/{}", house.user("bo").await.id().await);
        admin.post(&budget, &limit).await.expect(200);

        let own = admin.id().await;
        let out = json!({"action": "disable", "ids": [ada, own, 987_654, ada]});
        let preview = admin.post(PREVIEW, &out).await.expect(200);
        assert_eq!(preview["count"], 1);
        assert_eq!(
            preview["skipped"],
            json!([
                {"reason": "no such user", "count": 1},
                {"reason": "your own account", "count": 1},
            ])
        );
        let token = json!({"preview_token": preview["preview_token"]});
        assert_eq!(admin.post(RUN, &token).await.expect(200)["done"], 1);
        for (action, expected) in [("end_sessions", 3), ("clear_budget", 1)] {
            let body = json!({"action": action, "filter": "id>0"});
            let preview = admin.post(PREVIEW, &body).await.expect(200);
            assert_eq!(preview["count"], expected, "{action}");
        }
        for wrong in [
            json!({"action": "disable"}),
            json!({"action": "disable", "ids": [1], "filter": "id>0"}),
            json!({"action": "set_budget", "ids": [1]}),
            json!({"action": "disable", "filter": "hat:3"}),
            json!({"action": "sing", "ids": [1]}),
        ] {
            let refused = admin.post(PREVIEW, &wrong).await;
            assert_eq!(refused.status, 422, "{wrong}: {}", refused.body);
        }
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_stores_are_listed_until_they_come_back() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let store = ada.store("Private matters").await;
        let text = b"The ferry leaves the north pier at nine in the morning.".to_vec();
        ada.indexed(store, "ferry.txt", "text/plain", text.clone())
            .await;
        ada.delete(&format!("/api/stores/{store}"))
            .await
            .expect(202);
        let deleted = admin.get("/api/admin/deleted").await;
        assert!(!deleted.body.contains("Private"), "{}", deleted.body);
        let deleted = deleted.expect(200);
        let shown = &deleted["items"][0];
        assert_eq!(shown["id"], store);
        assert_eq!(shown["owner_email"], "ada@example.org");
        assert_eq!(
            (&shown["documents"], &shown["size_bytes"]),
            (&json!(1), &json!(text.len()))
        );
        assert!(shown["purged_at"].is_string());
        let count = admin.get("/api/admin/deleted/count").await.expect(200);
        assert_eq!(count["count"], 1);
        let restore = format!("/api/stores/{store}/restore");
        assert!(admin.post(&restore, &json!({})).await.status < 300);
        assert_eq!(
            walk(&admin, "/api/admin/deleted", 5).await,
            Vec::<Value>::new()
        );
        house.stop().await;
    })
    .await;
}
