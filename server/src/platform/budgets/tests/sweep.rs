//! Holds whose owner died.

use pretty_assertions::assert_eq;
use sea_orm::ConnectionTrait as _;

use super::*;
use crate::platform::db::testing::for_each_database;

/// Books whose house has a cap.
fn capped(test: TestDb) -> Books {
    let settings = BudgetSettings {
        house_limit: Some(Nanos::DOLLAR),
        ..SETTINGS
    };
    Books::open(test, settings)
}

/// A call that waits for something before it goes out.
fn unsent(user: UserId) -> HoldRequest {
    HoldRequest {
        born_sent: false,
        ..question(user)
    }
}

impl Books {
    /// A hold of a process that dies.
    async fn abandoned(&self, request: HoldRequest) -> HoldId {
        self.held(request).await.id()
    }

    /// Since when a hold has been left to itself.
    async fn left(&self, unfinished: &Unfinished) -> Option<chrono::DateTime<Utc>> {
        let oldest = self.budgets.oldest_abandoned(unfinished).await;
        oldest.expect("the holds")
    }

    async fn sweep(&self, unfinished: &Unfinished) -> Swept {
        self.budgets.sweep_once(unfinished).await.expect("a sweep")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_is_given_back() {
    for_each_database(async |test: TestDb| {
        let books = capped(test);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        books.abandoned(unsent(user)).await;
        books.clock.advance(chrono::Duration::seconds(120));
        let nobody = Unfinished::default();
        assert_eq!(books.sweep(&nobody).await, Swept::default());
        books.clock.advance(chrono::Duration::seconds(1));
        let (voided, posted) = (1, 0);
        assert_eq!(books.sweep(&nobody).await, Swept { voided, posted });
        assert_eq!(books.sweep(&nobody).await, Swept::default());
        assert!(fixtures::ledger(&books.test.db).await.is_empty());
        books.no_hold_is_open().await;
        books.sound().await;
        assert_eq!(books.counts.expired_void.load(SeqCst), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_charged_by_what_was_written_down() {
    for_each_database(async |test: TestDb| {
        let books = capped(test);
        let user = books.user(Some(Nanos::DOLLAR)).await;
        let sent_later = books.held(unsent(user)).await;
        for _ in 0..2 {
            let marked = books.budgets.mark_sent(&sent_later).await;
            assert_eq!(marked.expect("the database"), Ok(()));
        }
        let streaming = books.held(question(user)).await;
        let placed = books.clock.now();
        books.clock.advance(chrono::Duration::seconds(60));
        for tokens in [120, 90] {
            let kept = books.keep(&streaming, tokens).await;
            assert_eq!(kept, Ok(()));
        }
        let renewed = books.clock.now();
        let nobody = Unfinished::default();
        let mut since = [Some(placed), Some(renewed), None].into_iter();
        let (voided, posted) = (0, 1);
        for left in [largest(), Nanos::ZERO] {
            books.clock.advance(chrono::Duration::seconds(61));
            assert_eq!(Some(books.left(&nobody).await), since.next());
            assert_eq!(books.sweep(&nobody).await, Swept { voided, posted });
            assert_eq!(books.status(user).await.held, left);
        }
        assert_eq!(Some(books.left(&nobody).await), since.next());
        let entries = fixtures::ledger(&books.test.db).await;
        let outputs: Vec<i64> = entries
            .iter()
            .map(|entry| entry.completion_tokens)
            .collect();
        assert_eq!(outputs, [0, 120]);
        assert!(entries.iter().all(|entry| entry.estimated));
        assert!(entries.iter().all(|entry| entry.prompt_tokens == 1_000));
        let spent = question(user).cost(0).plus(question(user).cost(120));
        assert_eq!(books.status(user).await.spent, spent);
        books.no_hold_is_open().await;
        books.sound().await;
        assert_eq!(books.counts.expired_posted.load(SeqCst), 2);
        assert_eq!(books.counts.charged.load(SeqCst), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jobs_hold_lives_as_long_as_the_job() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        // More than a page of holds that stay, before the one that goes.
        let of_job = |number| HoldRequest {
            kind: ChargeKind::Index,
            born_sent: false,
            job_id: Some(job(number)),
            ..question(user)
        };
        let holds = (0..201).map(|_| books.abandoned(of_job(1)));
        futures_util::future::join_all(holds).await;
        let finished = books.abandoned(of_job(2)).await;
        let placed = books.clock.now();
        let unfinished = Unfinished(HashSet::from([job(1)]));
        assert_eq!(books.left(&unfinished).await, None);
        books.clock.advance(chrono::Duration::days(3));
        assert_eq!(books.left(&unfinished).await, Some(placed));
        let (voided, posted) = (1, 0);
        assert_eq!(books.sweep(&unfinished).await, Swept { voided, posted });
        assert_eq!(books.left(&unfinished).await, None);
        let gone = books.budgets.take_up(finished).await.expect("the database");
        assert!(gone.is_none());
        assert_eq!(books.status(user).await.held, times(largest(), 201));
        books.sound().await;
    })
    .await;
}

/// Two processes sweep at once, and the owner comes back: each hold is ended once.
#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_and_the_owner_end_a_hold_once() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let mut owned = Vec::new();
        for _ in 0..30 {
            let hold = books
                .budgets
                .hold(question(user))
                .await
                .expect("the database");
            owned.push(hold.expect("enough money"));
        }
        books.clock.advance(chrono::Duration::seconds(121));
        let (other, db) = books.another().await;
        let nobody = Unfinished::default();
        let settlements = owned
            .into_iter()
            .map(|hold| books.budgets.settle(hold, used(10)));
        let (one, two, settlements) = futures_util::join!(
            books.budgets.sweep_once(&nobody),
            other.sweep_once(&nobody),
            futures_util::future::join_all(settlements),
        );
        let mut settled = 0;
        for settlement in settlements {
            match settlement.expect("the database") {
                Ok(_) => settled += 1,
                Err(error) => assert_eq!(error, ResolveError::Expired),
            }
        }
        let swept = one.expect("a sweep").posted + two.expect("a sweep").posted;
        assert_eq!(swept + settled, 30);
        assert_eq!(fixtures::ledger(&books.test.db).await.len(), 30);
        books.no_hold_is_open().await;
        books.sound().await;
        db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_cannot_expire_does_not_keep_the_others() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let user = books.user(None).await;
        let spoiled = books.abandoned(question(user)).await;
        for _ in 0..2 {
            books.abandoned(unsent(user)).await;
        }
        // There is an entry for it already, so that none can be written.
        books
            .test
            .db
            .write_alone(books.budgets.key(user), spoiled, |txn, spoiled| {
                let entry = format!(
                    "INSERT INTO ledger (period_id, user_id, hold_id, kind, provider, model, unit, \
                     input_price, output_price, amount_nanos, created_at) \
                     SELECT period_id, user_id, id, kind, provider, model, 'token', 0, 0, 0, \
                     created_at FROM holds WHERE id = {spoiled}"
                );
                Box::pin(async move { txn.execute_unprepared(&entry).await.map(|_| ()) })
            })
            .await
            .expect("an entry");
        books.clock.advance(chrono::Duration::seconds(121));

        let swept = books.budgets.sweep_once(&Unfinished::default()).await;

        let error = swept.expect_err("the first failure is told at the end");
        assert!(matches!(error, DbError::Duplicate(_)), "{error:?}");
        assert_eq!(books.status(user).await.held, largest());
        assert_eq!(books.counts.expired_void.load(SeqCst), 2);
    })
    .await;
}
