//! What the metrics say of money.

use super::*;
use crate::platform::{db::testing::for_each_database, telemetry::Telemetry};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_follow_the_books() {
    for_each_database(async |test: TestDb| {
        let telemetry = Telemetry::new().expect("a catalogue");
        let mut books = Books::open(test, SETTINGS);
        books.budgets.observer = Arc::new(telemetry.clone());
        let user = books.user(Some(times(largest(), 2))).await;
        let call = books.held(question(user)).await;
        let charge = used(4_096);
        let receipt = books.budgets.settle(call, charge).await;
        let amount = receipt.expect("the database").expect("a settlement").amount;
        let refused = books.budgets.hold(question(user)).await;
        assert!(refused.expect("the database").is_err());
        books.set_limit(user, None).await;
        drop(books.held(question(user)).await);
        fixtures::attempt(&books.test.db, "UPDATE periods SET spent_nanos = spent_nanos + 7")
            .await
            .expect("the damage");
        books.budgets.measure(&telemetry).await.expect("a measure");
        let text = telemetry.render();
        let opened = books.clock.now().timestamp();
        let expected = [
            r#"binnacle_budget_reservations_total{result="reserved"} 2"#.to_owned(),
            r#"binnacle_budget_reservations_total{result="denied"} 1"#.to_owned(),
            r#"binnacle_budget_resolutions_total{result="settled"} 1"#.to_owned(),
            r#"binnacle_budget_resolutions_total{result="overrun"} 1"#.to_owned(),
            "binnacle_budget_holds_dropped_total 1".to_owned(),
            format!("binnacle_budget_reserved_nanodollars {}", largest().0),
            "binnacle_budget_reservations_open 1".to_owned(),
            format!("binnacle_budget_oldest_reservation_timestamp_seconds {opened}"),
            format!(
                r#"binnacle_budget_spend_nanodollars_total{{provider="offline",model="gemini-2.5-flash"}} {}"#,
                amount.0
            ),
            "binnacle_budget_ledger_drift_nanodollars 7".to_owned(),
        ];
        for line in expected {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
    })
    .await;
}
