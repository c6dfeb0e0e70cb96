//! Limits, months, what a user is shown, and the books put right.

use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

impl Books {
    async fn refused(&self, request: HoldRequest) -> BudgetRefusal {
        match self.budgets.hold(request).await.expect("the database") {
            Ok(hold) => panic!("admitted for {}", hold.terms().amount),
            Err(refusal) => refusal,
        }
    }

    async fn spend(&self, user: UserId, completion_tokens: u64) -> Receipt {
        let hold = self.held(question(user)).await;
        self.budgets
            .settle(hold, used(completion_tokens))
            .await
            .expect("the database")
            .expect("a settlement")
    }

    async fn summary(&self, user: UserId) -> CostSummary {
        self.budgets.summary(user).await.expect("a summary")
    }
}

/// The last second of a leap day: what is held then belongs to February, whenever it is settled.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_across_midnight_belongs_to_the_month_it_was_held_in() {
    for_each_database(async |test: TestDb| {
        let settings = BudgetSettings {
            house_limit: Some(Nanos::DOLLAR),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let user = books.user(Some(largest())).await;
        let last_second = Utc.with_ymd_and_hms(2028, 2, 29, 23, 59, 59).unwrap();
        books.clock.advance(last_second - books.clock.now());
        let hold = books.held(question(user)).await;
        let refusal = books.refused(question(user)).await;
        let march = Utc.with_ymd_and_hms(2028, 3, 1, 0, 0, 0).unwrap();
        assert_eq!(refusal.resets_at, march);

        books.clock.advance(chrono::Duration::seconds(1));
        let status = books.status(user).await;
        assert_eq!(status.month.to_string(), "2028-03");
        assert_eq!((status.spent, status.held), (Nanos::ZERO, Nanos::ZERO));
        assert_eq!(status.limit, Some(largest()));
        let second = books.spend(user, 100).await;

        let first = books
            .budgets
            .settle(hold, used(2_048))
            .await
            .expect("the database")
            .expect("a settlement");
        assert_eq!(books.status(user).await.spent, second.amount);
        books.clock.advance(chrono::Duration::seconds(-1));
        assert_eq!(books.status(user).await.spent, first.amount);
        books.sound().await;
        books.clock.advance(chrono::Duration::seconds(1));
        books.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_limit_is_unlimited_and_zero_is_blocked() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        assert_eq!(books.status(user).await.available(), None);
        books.spend(user, 2_048).await;
        books.set_limit(user, Some(Nanos::ZERO)).await;
        books.refused(question(user)).await;
        // Not even what costs nothing.
        let free = HoldRequest {
            prices: Prices {
                input: Nanos::ZERO,
                output: Nanos::ZERO,
            },
            ..question(user)
        };
        books.refused(free.clone()).await;
        books.set_limit(user, None).await;
        let hold = books
            .budgets
            .hold(free)
            .await
            .expect("the database")
            .expect("free");
        assert_eq!(hold.terms().output_tokens, 2_048);
        books
            .budgets
            .release(hold)
            .await
            .expect("the database")
            .expect("a release");
        assert_eq!(
            books.budgets.limits(&[user]).await.expect("limits").len(),
            0
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_lowered_below_what_is_spent_leaves_nothing() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        let receipt = books.spend(user, 2_048).await;
        let low = Nanos(receipt.amount.0 / 2);
        let mut changes = books.test.db.changes();
        let status = books.set_limit(user, Some(low)).await;
        assert_eq!(status.available(), Some(Nanos::ZERO));
        let change = changes.try_recv().expect("an announcement");
        assert_eq!((change.user_id, change.rev), (Some(user), status.rev));
        assert_eq!(change.entity, Entity::Period);
        let summary = books.summary(user).await;
        assert_eq!(summary.remaining(), Some(Nanos::ZERO));
        let refusal = books.refused(question(user)).await;
        assert_eq!((refusal.limit, refusal.spent), (low, receipt.amount));

        // Raised again, it admits at once.
        books.set_limit(user, Some(Nanos::DOLLAR)).await;
        books.spend(user, 1).await;
        assert_eq!(
            books
                .budgets
                .limits(&[user])
                .await
                .expect("limits")
                .get(&user),
            Some(&Nanos::DOLLAR)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_margin_stays_untouched() {
    for_each_database(async |test: TestDb| {
        let settings = BudgetSettings {
            margin: Nanos(1_000),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let user = books.user(Some(least().plus(Nanos(999)))).await;
        books.refused(question(user)).await;
        books
            .set_limit(user, Some(least().plus(Nanos(1_000))))
            .await;
        let hold = books.held(question(user)).await;
        assert_eq!(hold.terms().amount, least());
        books
            .budgets
            .release(hold)
            .await
            .expect("the database")
            .expect("a release");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_gets_the_default_limit() {
    for_each_database(async |test: TestDb| {
        let settings = BudgetSettings {
            default_limit: Some(Nanos::DOLLAR),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let user = books.user(None).await;
        let input = (books.budgets.clone(), user);
        books
            .test
            .db
            .write(WriteKey::Free, input, |txn, (budgets, user)| {
                Box::pin(budgets.open_account_in(txn, *user))
            })
            .await
            .expect("an account");
        assert_eq!(books.status(user).await.limit, Some(Nanos::DOLLAR));
        assert_eq!(books.spend(user, 1).await.limit, Some(Nanos::DOLLAR));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_adds_up() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        let empty = books.summary(user).await;
        assert_eq!(
            (empty.total(), empty.remaining()),
            (Nanos::ZERO, Some(Nanos::DOLLAR))
        );
        let asked = books.spend(user, 100).await.amount;
        let asked = asked.plus(books.spend(user, 200).await.amount);
        let indexing = HoldRequest {
            kind: ChargeKind::Index,
            max_output_tokens: 0,
            ..question(user)
        };
        let hold = books
            .budgets
            .hold(indexing)
            .await
            .expect("the database")
            .expect("money");
        let charge = Charge {
            index_tokens: 900,
            ..Charge::default()
        };
        let indexed = books
            .budgets
            .settle(hold, charge)
            .await
            .expect("the database")
            .expect("a settlement");
        let summary = books.summary(user).await;
        assert_eq!(summary.month.to_string(), "2026-11");
        assert_eq!(summary.query_cost, asked);
        assert_eq!(summary.indexing_cost, indexed.amount);
        assert_eq!(
            (
                summary.prompt_tokens,
                summary.completion_tokens,
                summary.index_tokens
            ),
            (2_000, 300, 900)
        );
        assert_eq!(summary.monthly_budget, Some(Nanos::DOLLAR));
        assert_eq!(
            summary.remaining().map(|left| left.plus(summary.total())),
            summary.monthly_budget
        );
        // Another's month is not mixed in.
        let other = books.user(None).await;
        assert_eq!(books.summary(other).await.total(), Nanos::ZERO);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_found_and_repaired() {
    for_each_database(async |test: TestDb| {
        let settings = BudgetSettings {
            house_limit: Some(Nanos::DOLLAR),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        let spent = books.spend(user, 100).await.amount;
        let hold = books.held(question(user)).await;
        books.sound().await;
        fixtures::attempt(
            &books.test.db,
            "UPDATE periods SET spent_nanos = spent_nanos + 5, reserved_nanos = reserved_nanos - 2",
        )
        .await
        .expect("the damage");
        let found = books.budgets.drift().await.expect("the drift");
        assert_eq!(found.len(), 2, "the user's row and the house's");
        assert!(found.iter().all(|drift| drift.distance() == Nanos(7)));
        assert_eq!(books.budgets.repair().await.expect("a repair"), found);
        books.sound().await;
        let status = books.status(user).await;
        assert_eq!((status.spent, status.held), (spent, largest()));

        // Books that were wrong before do not keep a call from being settled.
        fixtures::attempt(&books.test.db, "UPDATE periods SET reserved_nanos = 0")
            .await
            .expect("the damage");
        books
            .budgets
            .settle(hold, used(1))
            .await
            .expect("the database")
            .expect("a settlement");
        books.sound().await;
    })
    .await;
}

/// A cap that is set in the middle of a month counts what the month has cost, and open holds.
#[tokio::test(flavor = "multi_thread")]
async fn a_house_limit_set_late_finds_what_was_spent() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let spent = books.spend(user, 2_048).await.amount;
        let hold = books.held(question(user)).await;
        let capped = Budgets {
            settings: BudgetSettings {
                house_limit: Some(spent.plus(largest()).plus(least())),
                ..SETTINGS
            },
            ..books.budgets.clone()
        };
        capped.open_house().await.expect("the house");
        let last = capped
            .hold(question(user))
            .await
            .expect("the database")
            .expect("the shortest answer");
        assert_eq!(last.terms().amount, least());
        let refusal = capped
            .hold(question(user))
            .await
            .expect("the database")
            .err()
            .expect("the house is spent");
        assert_eq!(refusal.account, Account::House);
        assert_eq!(refusal.spent.plus(refusal.held), refusal.limit);
        for hold in [hold, last] {
            capped
                .settle(hold, used(10))
                .await
                .expect("the database")
                .expect("a settlement");
        }
        assert_eq!(capped.drift().await.expect("the drift"), []);
        books.no_hold_is_open().await;
    })
    .await;
}

#[test]
fn a_refusal_says_what_is_wrong_and_when_it_ends() {
    let refusal = BudgetRefusal {
        account: Account::User(UserId(1)),
        limit: Nanos(1_500_000_000),
        spent: Nanos(1_200_000_000),
        held: Nanos(250_000_000),
        resets_at: Utc.with_ymd_and_hms(2026, 12, 1, 0, 0, 0).unwrap(),
    };
    assert_eq!(
        refusal.to_string(),
        "Your monthly budget of $1.50 does not cover this call: $1.20 is spent and $0.25 is held \
         for calls under way. It begins anew on 2026-12-01 at 00:00 UTC."
    );
}
