//! The books as their users see them, each test on SQLite and on PostgreSQL.

mod histories;
mod limits;
mod metrics;
mod model;
mod parallel;
mod resolve;
mod sweep;

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use chrono::{TimeZone, Utc};
use entities::{JobId, Nanos, UserId};
use uuid::Uuid;

use super::{queries::fixtures, request::tests::question, *};
use crate::platform::{clock::ManualClock, db::testing::TestDb};

/// Counts what the observer is told.
#[derive(Default)]
struct Counts {
    reserved: AtomicU64,
    denied: AtomicU64,
    settled: AtomicU64,
    voided: AtomicU64,
    expired_void: AtomicU64,
    expired_posted: AtomicU64,
    charged: AtomicU64,
    overruns: AtomicU64,
    unsettled: AtomicU64,
}

impl BudgetObserver for Counts {
    fn reserved(&self) {
        self.reserved.fetch_add(1, SeqCst);
    }

    fn denied(&self) {
        self.denied.fetch_add(1, SeqCst);
    }

    fn resolved(&self, resolution: Resolution) {
        let counter = match resolution {
            Resolution::Settled => &self.settled,
            Resolution::Voided => &self.voided,
            Resolution::ExpiredVoid => &self.expired_void,
            Resolution::ExpiredPosted => &self.expired_posted,
        };
        counter.fetch_add(1, SeqCst);
    }

    fn charged(&self, _provider: &str, _model: &str, _amount: Nanos, overrun: Nanos) {
        self.charged.fetch_add(1, SeqCst);
        if overrun > Nanos::ZERO {
            self.overruns.fetch_add(1, SeqCst);
        }
    }

    fn unsettled(&self) {
        self.unsettled.fetch_add(1, SeqCst);
    }
}

/// Jobs that are still to be worked on.
#[derive(Default)]
struct Unfinished(HashSet<JobId>);

#[async_trait::async_trait]
impl JobLiveness for Unfinished {
    async fn unfinished(&self, jobs: &[JobId]) -> Result<HashSet<JobId>, DbError> {
        Ok(jobs
            .iter()
            .filter(|job| self.0.contains(job))
            .copied()
            .collect())
    }
}

const SETTINGS: BudgetSettings = BudgetSettings {
    margin: Nanos::ZERO,
    default_limit: None,
    house_limit: None,
    lease: chrono::Duration::seconds(120),
};

/// The books of a test, on a day in the middle of a month.
struct Books {
    test: TestDb,
    clock: ManualClock,
    counts: Arc<Counts>,
    budgets: Budgets,
}

impl Books {
    fn open(test: TestDb, settings: BudgetSettings) -> Self {
        let noon = Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap();
        let clock = ManualClock::starting_at(noon);
        let counts = Arc::new(Counts::default());
        let budgets = Budgets::new(
            test.db.clone(),
            Arc::new(clock.clone()),
            settings,
            Arc::clone(&counts) as Arc<dyn BudgetObserver>,
        );
        Self {
            test,
            clock,
            counts,
            budgets,
        }
    }

    /// Renews a hold's lease, and writes down how much output there is so far.
    async fn keep(&self, hold: &Hold, output_tokens: u64) -> Result<(), ResolveError> {
        let input = (self.budgets.clone(), hold.id(), output_tokens);
        self.test
            .db
            .write(WriteKey::Free, input, |txn, (budgets, id, tokens)| {
                Box::pin(budgets.keep_in(txn, *id, *tokens))
            })
            .await
            .expect("the database")
    }

    /// The same books, kept by another process.
    async fn another(&self) -> (Budgets, Db) {
        let db = Db::connect(self.test.settings())
            .await
            .expect("another process");
        let budgets = Budgets {
            db: db.clone(),
            ..self.budgets.clone()
        };
        (budgets, db)
    }

    async fn user(&self, limit: Option<Nanos>) -> UserId {
        let user = fixtures::user(&self.test.db).await;
        if limit.is_some() {
            self.set_limit(user, limit).await;
        }
        user
    }

    async fn set_limit(&self, user: UserId, limit: Option<Nanos>) -> BudgetStatus {
        let input = (self.budgets.clone(), user, limit);
        self.test
            .db
            .write(
                self.budgets.key(user),
                input,
                |txn, (budgets, user, limit)| Box::pin(budgets.set_limit_in(txn, *user, *limit)),
            )
            .await
            .expect("a limit")
    }

    /// A hold that the budget must grant.
    async fn held(&self, request: HoldRequest) -> Hold {
        self.budgets
            .hold(request)
            .await
            .expect("the database")
            .expect("enough money")
    }

    async fn status(&self, user: UserId) -> BudgetStatus {
        self.budgets.status(user).await.expect("a status")
    }

    async fn sound(&self) {
        assert_eq!(self.budgets.drift().await.expect("the drift"), []);
    }

    async fn no_hold_is_open(&self) {
        let exposure = self.budgets.exposure().await.expect("the exposure");
        assert_eq!((exposure.open_holds, exposure.reserved), (0, Nanos::ZERO));
    }
}

/// The largest cost of [`question`].
fn largest() -> Nanos {
    let request = question(UserId(0));
    request.cost(request.max_output_tokens)
}

/// The cost of [`question`] with the shortest answer.
fn least() -> Nanos {
    question(UserId(0)).cost(MINIMUM_OUTPUT_TOKENS)
}

fn times(amount: Nanos, count: i64) -> Nanos {
    Nanos(amount.0 * count)
}

/// What a call comes to that wrote `completion_tokens`.
fn used(completion_tokens: u64) -> Charge {
    Charge {
        prompt_tokens: 1_000,
        completion_tokens,
        ..Charge::default()
    }
}

fn job(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}
