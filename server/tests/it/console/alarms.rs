//! Alarms appear and clear, in the list and in the feed.

use serde_json::{Value, json};

use super::follower::Follower;
use crate::support::{House, on_each_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_nearly_used_up_is_an_alarm_until_it_is_raised() {
    on_each_database(|database| async move {
        let house = House::open(&database, &[]).await;
        let (ada, store) = super::streams::reader(&house, "ada").await;
        let admin = house.admin().await;
        let id = ada.id().await;
        assert!(ada.ask(store, "How many piers are there?").await.done);
        let budget = format!("/api/admin/budgets/{id}");
        let spent = admin.get(&budget).await.expect(200)["spent_usd"]
            .as_f64()
            .expect("money");
        assert!(spent > 0.0);
        let mut feed = Follower::open(&admin, "alarms", None).await;
        assert_eq!(feed.next().await.expect("an event").name, "snapshot");
        let alarm_id = format!("budget_near_limit:{id}");
        let limit = json!({"monthly_limit_usd": spent * 1.1});
        admin.post(&budget, &limit).await.expect(200);
        let set = feed
            .until("alarm", |change| change["set"]["id"] == *alarm_id)
            .await;
        assert_eq!(set.data["set"]["severity"], "warn");
        assert_eq!(set.data["set"]["object"]["kind"], "user");
        let text = set.data["set"]["text"].as_str().expect("a text");
        assert!(text.contains("ada@example.org"), "{text}");
        let raised = |alarms: &Value| {
            let alarms = alarms.as_array().expect("alarms");
            alarms.iter().any(|alarm| alarm["id"] == *alarm_id)
        };
        let listed = admin.get("/api/admin/alarms").await.expect(200);
        assert!(raised(&listed["items"]), "{listed}");
        let seen = admin.get("/api/admin/overview").await.expect(200);
        assert!(raised(&seen["alarms"]));
        admin
            .post(&budget, &json!({"monthly_limit_usd": 100.0}))
            .await
            .expect(200);
        feed.until("alarm", |change| change["clear"] == *alarm_id)
            .await;
        let listed = admin.get("/api/admin/alarms").await.expect(200);
        assert!(!raised(&listed["items"]), "{listed}");
        house.stop().await;
    })
    .await;
}
