//! Many at once on one budget: never overspent, never refused while money for the shortest answer
//! is left, never a hold that stays.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{House, Sql, Stream, User, on_each_database};

/// A tenth of a cent for a token of output: the longest answer of 256 tokens holds 25.6 cents, and
/// next to nothing for the rest.
const PRICES: &str = r#"{"default":{"input_price":0.001,"output_price":1000,"index_price":0.001}}"#;
const LONGEST: (&str, &str) = ("MAX_OUTPUT_TOKENS", "256");
/// What ten answers hold, with a little for the prompts.
const FOR_TEN: &str = "2.57";

struct Outcome {
    answered: usize,
    refused: usize,
}

/// All ask at the same time. Every answer is whole or refused for money.
async fn all_ask(askers: Vec<(User, Value)>) -> Outcome {
    let mut asking = JoinSet::new();
    for (user, body) in askers {
        asking.spawn(async move { user.post("/api/chat", &body).await });
    }
    let mut outcome = Outcome {
        answered: 0,
        refused: 0,
    };
    for answer in asking.join_all().await {
        match answer.status {
            200 => {
                let stream = Stream::parse(&answer);
                assert!(stream.done && stream.error().is_none(), "{}", answer.body);
                outcome.answered += 1;
            }
            402 => {
                assert!(answer.body.contains("Monthly budget"), "{}", answer.body);
                outcome.refused += 1;
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    outcome
}

/// The database says the same as the answers: nothing overspent, nothing held, all on record.
async fn assert_books(house: &House, answered: usize) {
    let mut sql = Sql::of(house).await;
    let over = "periods WHERE limit_nanos IS NOT NULL AND spent_nanos > limit_nanos";
    assert_eq!(sql.count(over).await, 0, "overspent");
    assert_eq!(
        sql.count("periods WHERE reserved_nanos <> 0").await,
        0,
        "held"
    );
    assert_eq!(
        sql.count("holds WHERE state IN ('open', 'sent')").await,
        0,
        "open holds"
    );
    let charges = sql.count("ledger WHERE kind = 'chat'").await;
    assert_eq!(usize::try_from(charges).expect("a count"), answered);
    let stored = sql
        .count("messages WHERE role = 'assistant' AND state = 'complete'")
        .await;
    assert_eq!(usize::try_from(stored).expect("a count"), answered);
    let spent = "SELECT CAST(COALESCE(SUM(spent_nanos), 0) AS BIGINT) FROM periods WHERE user_id IS NOT NULL";
    let charged = "SELECT CAST(COALESCE(SUM(amount_nanos), 0) AS BIGINT) FROM ledger";
    assert_eq!(sql.number(spent).await, sql.number(charged).await);
}

fn question(store: i64) -> Value {
    json!({"storeIds": [store], "question": "When does the tide turn?"})
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_by_one_user() {
    on_each_database(|database| async move {
        let settings = [
            ("MODEL_PRICING", PRICES),
            LONGEST,
            ("MAX_CONCURRENT_STREAMS", "500"),
            ("MAX_STREAMS_PER_USER", "500"),
            ("MOCK_LATENCY_MS", "2"),
        ];
        let house = House::open(&database, &settings).await;
        let (ada, admin) = (house.user("ada").await, house.admin().await);
        let store = ada.store("Tides").await;
        let text = b"The tide turns at four in the afternoon.".to_vec();
        ada.indexed(store, "tide.txt", "text/plain", text).await;
        let limit: f64 = FOR_TEN.parse().expect("dollars");
        let path = format!("/api/admin/budgets/{}", ada.id().await);
        admin
            .post(&path, &json!({"monthly_limit_usd": limit}))
            .await
            .expect(200);

        let outcome = all_ask(vec![(ada.clone(), question(store)); 200]).await;

        assert!(outcome.answered >= 10, "{} answered", outcome.answered);
        assert!(outcome.refused > 0, "{} refused", outcome.refused);
        assert_books(&house, outcome.answered).await;
        let costs = ada.get("/api/costs/summary").await.expect(200);
        let spent = costs["total_usd"].as_f64().expect("dollars");
        assert!(spent <= limit, "{costs}");
        assert_eq!(costs["held_usd"], 0.0);
        // Asked one after the other, all that is left can be spent.
        let mut alone = 0;
        while ada.post("/api/chat", &question(store)).await.status == 200 {
            alone += 1;
            assert!(alone < 500, "a budget without an end");
        }
        let costs = ada.get("/api/costs/summary").await.expect(200);
        let left = costs["remaining_budget_usd"].as_f64().expect("dollars");
        assert!((0.0..0.257).contains(&left), "{costs}");
        assert_books(&house, outcome.answered + alone).await;
        house.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_users_under_the_cap_of_the_house() {
    on_each_database(|database| async move {
        let settings = [
            ("MODEL_PRICING", PRICES),
            LONGEST,
            ("MAX_CONCURRENT_STREAMS", "500"),
            ("HOUSE_MONTHLY_LIMIT_USD", FOR_TEN),
            ("MOCK_LATENCY_MS", "2"),
        ];
        let house = House::open(&database, &settings).await;
        let mut arriving = JoinSet::new();
        for number in 0..64 {
            let base = house.base();
            arriving.spawn(async move {
                let user = User::register(base, &format!("user{number}@example.org")).await;
                let store = user.store("Tides").await;
                (user, question(store))
            });
        }
        let users = arriving.join_all().await;
        let askers = users.iter().cycle().take(192).cloned().collect();

        let outcome = all_ask(askers).await;

        assert!(outcome.answered >= 10, "{} answered", outcome.answered);
        assert_eq!(outcome.answered + outcome.refused, 192);
        assert_books(&house, outcome.answered).await;
        let mut total = 0.0;
        for (user, _) in &users {
            let costs = user.get("/api/costs/summary").await.expect(200);
            assert_eq!(costs["held_usd"], 0.0);
            total += costs["total_usd"].as_f64().expect("dollars");
        }
        let cap: f64 = FOR_TEN.parse().expect("dollars");
        assert!(total <= cap + 1e-9, "{total}");
        house.stop().await;
    })
    .await;
}
