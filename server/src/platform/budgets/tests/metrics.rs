//! What the metrics say of money.

use super::*;
use crate::platform::{db::testing::for_each_database, observe::Observers, telemetry::Telemetry};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_follow_the_books() {
    for_each_database(async |test: TestDb| {
        let telemetry = Telemetry::new().expect("a catalogue");
        let mut books = Books::open(test, SETTINGS);
        books.budgets.observer = Arc::new(Observers::new(telemetry.clone()));
        let user = books.user(Some(times(largest(), 2))).await;
        let call = books.held(question(user)).await;
        let charge = used(4_096);
        let receipt = books.budgets.settle(call, charge).await;
        let amount = receipt.expect("the database").expect("a settlement").amount;
        let refused = books.budgets.hold(question(user)).await;
        assert!(refused.expect("the database").is_err());
        books.set_limit(user, None).await;
        drop(books.held(question(user)).await);
        let text = telemetry.render();
        let expected = [
            r#"binnacle_budget_reservations_total{result="reserved"} 2"#.to_owned(),
            r#"binnacle_budget_reservations_total{result="denied"} 1"#.to_owned(),
            r#"binnacle_budget_resolutions_total{result="settled"} 1"#.to_owned(),
            "binnacle_budget_overruns_total 1".to_owned(),
            "binnacle_budget_holds_dropped_total 1".to_owned(),
            format!(
                r#"binnacle_budget_spend_nanodollars_total{{provider="offline",model="gemini-2.5-flash"}} {}"#,
                amount.0
            ),
        ];
        for line in expected {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
    })
    .await;
}
