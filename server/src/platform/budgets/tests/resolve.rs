//! Ending a hold: once, at the actual cost, whatever the provider says.

use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

impl Books {
    /// As a process that has lost its handle would.
    async fn settle_again(&self, id: HoldId) -> Result<Receipt, ResolveError> {
        let input = (self.budgets.clone(), id);
        self.test
            .db
            .write(WriteKey::Free, input, |txn, (budgets, id)| {
                Box::pin(async move { budgets.settle_in(txn, *id, &used(1)).await })
            })
            .await
            .expect("the database")
    }

    async fn release_again(&self, id: HoldId) -> Result<(), ResolveError> {
        let input = (self.budgets.clone(), id);
        self.test
            .db
            .write(WriteKey::Free, input, |txn, (budgets, id)| {
                Box::pin(budgets.release_in(txn, *id))
            })
            .await
            .expect("the database")
    }

    async fn settled(&self, hold: Hold, charge: Charge) -> Receipt {
        self.budgets
            .settle(hold, charge)
            .await
            .expect("the database")
            .expect("a settlement")
    }

    async fn resize(&self, id: HoldId, prompt_tokens: u64) -> Result<Reserved, ResizeError> {
        let input = (self.budgets.clone(), id, prompt_tokens);
        self.test
            .db
            .write(WriteKey::Free, input, |txn, (budgets, id, tokens)| {
                Box::pin(budgets.resize_in(txn, *id, *tokens, 0))
            })
            .await
            .expect("the database")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_ended_once() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(Some(Nanos::DOLLAR)).await;

        let charged = books.held(question(user)).await;
        let id = charged.id();
        let receipt = books.settled(charged, used(500)).await;
        assert_eq!(receipt.amount, question(user).cost(500));
        assert_eq!(receipt.limit, Some(Nanos::DOLLAR));
        let before = books.status(user).await;
        assert_eq!(
            books.settle_again(id).await,
            Err(ResolveError::AlreadySettled)
        );
        assert_eq!(
            books.release_again(id).await,
            Err(ResolveError::AlreadySettled)
        );

        let released = books.held(question(user)).await;
        let id = released.id();
        books
            .budgets
            .release(released)
            .await
            .expect("the database")
            .expect("a release");
        assert_eq!(
            books.settle_again(id).await,
            Err(ResolveError::AlreadyReleased)
        );
        assert_eq!(
            books.release_again(id).await,
            Err(ResolveError::AlreadyReleased)
        );

        let unknown = HoldId(1_000_000);
        assert_eq!(
            books.settle_again(unknown).await,
            Err(ResolveError::Unknown)
        );
        let after = books.status(user).await;
        assert_eq!((after.spent, after.held), (before.spent, Nanos::ZERO));
        assert_eq!(fixtures::ledger(&books.test.db).await.len(), 1);
        books.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_expired_cannot_be_settled() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let hold = books.held(question(user)).await;
        books.clock.advance(chrono::Duration::seconds(121));
        books
            .budgets
            .sweep_once(&Unfinished::default())
            .await
            .expect("a sweep");
        let before = fixtures::ledger(&books.test.db).await;
        assert_eq!(before.len(), 1);
        let kept = books.keep(&hold, 10).await;
        assert_eq!(kept, Err(ResolveError::Expired));
        let late = books
            .budgets
            .settle(hold, used(9))
            .await
            .expect("the database");
        assert_eq!(late, Err(ResolveError::Expired));
        assert_eq!(fixtures::ledger(&books.test.db).await, before);
        books.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_settle_at_once_charge_once() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let hold = books.held(question(user)).await;
        let id = hold.id();
        let (other, db) = books.another().await;
        let again = other
            .take_up(id)
            .await
            .expect("the database")
            .expect("a hold");
        let (one, two) = futures_util::future::join(
            books.budgets.settle(hold, used(100)),
            other.settle(again, used(100)),
        )
        .await;
        let outcomes = [one.expect("the database"), two.expect("the database")];
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.contains(&Err(ResolveError::AlreadySettled)));
        assert_eq!(books.status(user).await.spent, question(user).cost(100));
        assert_eq!(
            other.take_up(id).await.expect("the database").map(|_| ()),
            None
        );
        books.sound().await;
        db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_usage_than_held_is_charged_in_full_and_marked() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        let hold = books.held(question(user)).await;
        let reserved = hold.terms().amount;
        let receipt = books.settled(hold, used(4_096)).await;
        assert_eq!(receipt.amount, question(user).cost(4_096));
        assert_eq!(receipt.overrun, receipt.amount.minus(reserved));
        assert_eq!(books.status(user).await.spent, receipt.amount);
        assert_eq!(books.counts.overruns.load(SeqCst), 1);
        let entries = fixtures::ledger(&books.test.db).await;
        assert_eq!(entries[0].overrun_nanos, receipt.overrun);
        books.sound().await;

        // Usage that no model could have: capped, so that no sum can overflow.
        let hold = books.held(question(user)).await;
        let receipt = books.settled(hold, used(u64::MAX)).await;
        assert_eq!(receipt.amount, Nanos(1_000_000 * Nanos::DOLLAR.0));
        books.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_who_answered_and_at_what_price() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let hold = books
            .held(HoldRequest {
                stream_id: Some(Uuid::from_u128(7)),
                trace_id: Some("trace".into()),
                ..question(user)
            })
            .await;
        let prices = Prices {
            input: Nanos(1_000_000),
            output: Nanos(2_000_000),
        };
        let charge = Charge {
            estimated: true,
            error_code: Some("upstream_unavailable".into()),
            answered_by: Some(AnsweredBy {
                provider: "openai".into(),
                model: "small".into(),
                prices,
            }),
            project_id: Some(42),
            tags: Some(serde_json::json!({"team": "blue"})),
            ..used(10)
        };
        let receipt = books.settled(hold, charge).await;
        assert_eq!(receipt.amount, Nanos(1_020));
        assert_eq!(receipt.overrun, Nanos::ZERO);
        let entry = fixtures::ledger(&books.test.db).await.remove(0);
        assert_eq!(
            (entry.provider.as_str(), entry.model.as_str()),
            ("openai", "small")
        );
        assert_eq!(
            (entry.input_price, entry.output_price),
            (1_000_000, 2_000_000)
        );
        assert_eq!((entry.prompt_tokens, entry.completion_tokens), (1_000, 10));
        assert_eq!(entry.stream_id, Some(Uuid::from_u128(7)));
        assert_eq!(entry.trace_id.as_deref(), Some("trace"));
        assert_eq!(entry.error_code.as_deref(), Some("upstream_unavailable"));
        assert_eq!(entry.project_id, Some(42));
        assert_eq!(entry.tags, Some(serde_json::json!({"team": "blue"})));
        assert!(entry.estimated);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_cannot_be_changed() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let hold = books.held(question(user)).await;
        books.settled(hold, used(1)).await;
        let refusal = async |statement| {
            let refused = fixtures::attempt(&books.test.db, statement).await;
            refused.expect_err("a refusal")
        };
        for statement in [
            "UPDATE ledger SET amount_nanos = 0",
            "DELETE FROM ledger",
            "DELETE FROM ledger WHERE period_id IN (SELECT id FROM periods WHERE NOT expiring)",
        ] {
            let words = refusal(statement).await;
            assert!(words.contains("append-only"), "{statement}: {words}");
        }
        if books.test.db.backend() == sea_orm::DatabaseBackend::Postgres {
            let words = refusal("TRUNCATE ledger").await;
            assert!(words.contains("append-only"), "{words}");
        }
        assert_eq!(fixtures::ledger(&books.test.db).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_tiny_units_lose_nothing() {
    let books = Books::open(TestDb::sqlite().await, SETTINGS);
    let user = books.user(None).await;
    let request = HoldRequest {
        prices: Prices {
            input: Nanos(1),
            output: Nanos::ZERO,
        },
        prompt_tokens: 1,
        max_output_tokens: 0,
        ..question(user)
    };
    for _ in 0..200 {
        let hold = books.held(request.clone()).await;
        let charge = Charge {
            prompt_tokens: 1,
            ..Charge::default()
        };
        assert_eq!(books.settled(hold, charge).await.amount, Nanos(1));
    }
    assert_eq!(books.status(user).await.spent, Nanos(200));
    books.sound().await;
    books.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_dropped_unsettled_is_counted_unless_a_job_owns_it() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        drop(books.held(question(user)).await);
        assert_eq!(books.counts.unsettled.load(SeqCst), 1);
        let of_job = HoldRequest {
            job_id: Some(job(1)),
            ..question(user)
        };
        drop(books.held(of_job).await);
        assert_eq!(books.counts.unsettled.load(SeqCst), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jobs_hold_is_brought_to_its_true_size() {
    for_each_database(async |test: TestDb| {
        let settings = BudgetSettings {
            house_limit: Some(Nanos(1_000)),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let user = books.user(Some(Nanos(500))).await;
        let indexing = HoldRequest {
            kind: ChargeKind::Index,
            prices: Prices {
                input: Nanos(1_000_000),
                output: Nanos::ZERO,
            },
            prompt_tokens: 100,
            max_output_tokens: 0,
            born_sent: false,
            job_id: Some(job(1)),
            ..question(user)
        };
        let hold = books.held(indexing).await;
        assert_eq!(books.status(user).await.held, Nanos(100));
        let raised = books.resize(hold.id(), 400).await.expect("enough money");
        assert_eq!((raised.amount, raised.prompt_tokens), (Nanos(400), 400));
        let lowered = books.resize(hold.id(), 300).await.expect("less");
        assert_eq!(lowered.amount, Nanos(300));
        books.sound().await;

        let Err(ResizeError::Refused(refusal)) = books.resize(hold.id(), 501).await else {
            panic!("raised beyond the limit");
        };
        assert_eq!(refusal.account, Account::User(user));
        assert_eq!((refusal.limit, refusal.held), (Nanos(500), Nanos(300)));
        assert_eq!(books.status(user).await.held, Nanos(300));
        books.sound().await;

        books.set_limit(user, None).await;
        let Err(ResizeError::Refused(refusal)) = books.resize(hold.id(), 1_001).await else {
            panic!("raised beyond the cap of the house");
        };
        assert_eq!(refusal.account, Account::House);
        books.sound().await;

        let id = hold.id();
        let charge = Charge {
            index_tokens: 300,
            ..Charge::default()
        };
        assert_eq!(books.settled(hold, charge).await.amount, Nanos(300));
        assert_eq!(
            books.resize(id, 10).await,
            Err(ResizeError::Closed(ResolveError::AlreadySettled))
        );
        books.no_hold_is_open().await;
        books.sound().await;
    })
    .await;
}
