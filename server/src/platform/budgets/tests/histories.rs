//! Random histories, held against the model: every answer, and at the end every row.
//!
//! 1,000 histories on each database unless `PROPTEST_CASES` says otherwise.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entities::HoldState;
use futures_util::future::BoxFuture;
use pretty_assertions::assert_eq;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    model::{Act, Counters, HOUSE_LIMIT, MARGIN, Model, ModelHold, PRICES, USERS, act, price},
    *,
};
use crate::platform::db::DbErr;

const HISTORIES: u32 = 1_000;

/// A history as it runs: the books, and the model beside them.
struct Run<'a> {
    books: &'a Books,
    users: &'a [UserId],
    model: Model,
}

/// The one job that holds belong to; it is never finished.
fn the_job() -> Unfinished {
    Unfinished(HashSet::from([job(1)]))
}

impl Run<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.books.clock.now()
    }

    fn month(&self) -> String {
        Month::of(self.now()).to_string()
    }

    /// Runs a part of a write, as a feature does.
    async fn write<I, T, W>(&self, input: I, work: W) -> T
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'t> Fn(&'t Txn, &'t (Budgets, I)) -> BoxFuture<'t, Result<T, DbErr>>
            + Send
            + Sync
            + 'static,
    {
        self.books
            .test
            .db
            .write(WriteKey::House, (self.books.budgets.clone(), input), work)
            .await
            .expect("the database")
    }

    async fn step(&mut self, act: &Act) {
        match *act {
            Act::Hold {
                user,
                prompt,
                output,
                sent,
                of_job,
            } => self.hold(user, prompt, output, sent, of_job).await,
            Act::SetLimit { user, limit } => self.set_limit(user, limit).await,
            Act::Pass { seconds } => self.books.clock.advance(chrono::Duration::seconds(seconds)),
            Act::TurnMonth => {
                let next = Month::of(self.now()).ends_at();
                self.books.clock.advance(next - self.now());
            }
            Act::Sweep => self.sweep().await,
            Act::MarkSent { hold }
            | Act::Keep { hold, .. }
            | Act::Settle { hold, .. }
            | Act::Release { hold }
            | Act::Resize { hold, .. } => {
                if !self.model.holds.is_empty() {
                    self.act_on(hold % self.model.holds.len(), act).await;
                }
            }
        }
    }

    async fn hold(&mut self, user: usize, prompt: u64, output: u64, sent: bool, of_job: bool) {
        let request = HoldRequest {
            prices: PRICES,
            prompt_tokens: prompt,
            max_output_tokens: output,
            born_sent: sent,
            job_id: of_job.then(|| job(1)),
            ..question(self.users[user])
        };
        let outcome = self
            .write(request, |txn, (budgets, request)| {
                Box::pin(budgets.hold_in(txn, request))
            })
            .await;
        let month = self.month();
        let expected = self.model.admits(user, &month, prompt, output);
        assert_eq!(
            outcome.as_ref().ok().map(|terms| terms.output_tokens),
            expected,
            "{outcome:?}"
        );
        let Ok(terms) = outcome else { return };
        let amount = price(prompt, terms.output_tokens);
        assert_eq!(terms.amount, Nanos(amount));
        self.model.reserve(user, &month, amount);
        self.model.holds.push(ModelHold {
            id: terms.id,
            user,
            month,
            amount,
            state: if sent {
                HoldState::Sent
            } else {
                HoldState::Open
            },
            prompt,
            output: terms.output_tokens,
            seen: 0,
            lease_until: self.now() + SETTINGS.lease,
            of_job,
        });
    }

    async fn act_on(&mut self, index: usize, act: &Act) {
        let id = self.model.holds[index].id;
        let open = self.model.open(index);
        match *act {
            Act::MarkSent { .. } => {
                let outcome = self
                    .write(id, |txn, (budgets, id)| {
                        Box::pin(budgets.mark_sent_in(txn, *id))
                    })
                    .await;
                assert_eq!(outcome, open);
                if open.is_ok() {
                    self.model.holds[index].state = HoldState::Sent;
                }
            }
            Act::Keep { output, .. } => {
                let outcome = self
                    .write((id, output), |txn, (budgets, (id, output))| {
                        Box::pin(budgets.keep_in(txn, *id, *output))
                    })
                    .await;
                assert_eq!(outcome, open);
                if open.is_ok() {
                    let lease_until = self.now() + SETTINGS.lease;
                    let hold = &mut self.model.holds[index];
                    hold.seen = hold.seen.max(output);
                    hold.lease_until = lease_until;
                }
            }
            Act::Settle { prompt, output, .. } => self.settle(index, prompt, output).await,
            Act::Release { .. } => {
                let outcome = self
                    .write(id, |txn, (budgets, id)| {
                        Box::pin(budgets.release_in(txn, *id))
                    })
                    .await;
                assert_eq!(outcome, open);
                if open.is_ok() {
                    self.model.end(index, HoldState::Released, None);
                }
            }
            Act::Resize { prompt, .. } => self.resize(index, prompt).await,
            _ => unreachable!("acts on no hold"),
        }
    }

    async fn settle(&mut self, index: usize, prompt: u64, output: u64) {
        let charge = Charge {
            prompt_tokens: prompt,
            completion_tokens: output,
            ..Charge::default()
        };
        let input = (self.model.holds[index].id, charge);
        let outcome = self
            .write(input, |txn, (budgets, (id, charge))| {
                Box::pin(budgets.settle_in(txn, *id, charge))
            })
            .await;
        let open = self.model.open(index);
        assert_eq!(outcome.as_ref().map(|_| ()).map_err(|error| *error), open);
        if let Ok(receipt) = outcome {
            let cost = price(prompt, output);
            let overrun = (cost - self.model.holds[index].amount).max(0);
            assert_eq!(
                (receipt.amount, receipt.overrun),
                (Nanos(cost), Nanos(overrun))
            );
            self.model.end(index, HoldState::Settled, Some(cost));
        }
    }

    async fn resize(&mut self, index: usize, prompt: u64) {
        let hold = self.model.holds[index].clone();
        let outcome = self
            .write(
                (hold.id, prompt, hold.output),
                |txn, (budgets, (id, prompt, output))| {
                    Box::pin(budgets.resize_in(txn, *id, *prompt, *output))
                },
            )
            .await;
        if let Err(error) = self.model.open(index) {
            assert_eq!(outcome, Err(ResizeError::Closed(error)));
            return;
        }
        let amount = price(prompt, hold.output);
        let raise = amount - hold.amount;
        let fits = [None, Some(hold.user)].into_iter().all(|account| {
            let left = self.model.left(account, &hold.month);
            raise <= 0 || (left > 0 && raise <= left)
        });
        assert_eq!(outcome.is_ok(), fits, "{outcome:?}");
        if fits {
            self.model.reserve(hold.user, &hold.month, raise);
            self.model.holds[index].amount = amount;
            self.model.holds[index].prompt = prompt;
        }
    }

    async fn set_limit(&mut self, user: usize, limit: Option<i64>) {
        self.books
            .set_limit(self.users[user], limit.map(Nanos))
            .await;
        match limit {
            Some(limit) => self.model.budgets.insert(user, limit),
            None => self.model.budgets.remove(&user),
        };
        let month = self.month();
        self.model.period(Some(user), &month).limit = limit;
    }

    async fn sweep(&mut self) {
        let swept = self
            .books
            .budgets
            .sweep_once(&the_job())
            .await
            .expect("a sweep");
        let now = self.now();
        let mut expected = Swept::default();
        for index in 0..self.model.holds.len() {
            let hold = self.model.holds[index].clone();
            if self.model.open(index).is_err() || hold.of_job || hold.lease_until >= now {
                continue;
            }
            let charge = (hold.state == HoldState::Sent).then(|| price(hold.prompt, hold.seen));
            match charge {
                None => expected.voided += 1,
                Some(_) => expected.posted += 1,
            }
            self.model.end(index, HoldState::Expired, charge);
        }
        assert_eq!(swept, expected);
    }

    /// The rows say what the model says, and agree with each other.
    async fn compare(&self) {
        let db = &self.books.test.db;
        let found: BTreeMap<_, _> = fixtures::periods(db)
            .await
            .into_iter()
            .map(|(account, month, limit, spent, reserved)| {
                let counters = Counters {
                    limit: limit.map(|limit| limit.0),
                    spent: spent.0,
                    reserved: reserved.0,
                };
                ((account, month), counters)
            })
            .collect();
        let expected: BTreeMap<_, _> = self
            .model
            .periods
            .iter()
            .map(|((user, month), counters)| {
                let account = user.map_or(Account::House, |user| Account::User(self.users[user]));
                ((account.to_string(), month.clone()), *counters)
            })
            .collect();
        assert_eq!(found, expected);
        let charges: Vec<i64> = fixtures::ledger(db)
            .await
            .iter()
            .map(|entry| entry.amount_nanos.0)
            .collect();
        assert_eq!(charges, self.model.charges);
        let open = (0..self.model.holds.len()).filter(|index| self.model.open(*index).is_ok());
        let exposure = self.books.budgets.exposure().await.expect("the exposure");
        assert_eq!(usize::try_from(exposure.open_holds), Ok(open.count()));
        self.books.sound().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the nightly run asks for more histories than every run can take"
)]
fn histories() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(HISTORIES)
}

fn compare_histories(open: impl AsyncFn() -> TestDb) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let settings = BudgetSettings {
        margin: MARGIN,
        house_limit: Some(HOUSE_LIMIT),
        ..SETTINGS
    };
    let (books, users) = runtime.block_on(async {
        let books = Books::open(open().await, settings);
        let mut users = Vec::new();
        for _ in 0..USERS {
            users.push(books.user(None).await);
        }
        (books, users)
    });
    let start = books.clock.now();
    let config = Config {
        cases: histories(),
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&prop::collection::vec(act(), 1..24), |acts| {
        runtime.block_on(async {
            fixtures::clear(&books.test.db).await;
            books.clock.advance(start - books.clock.now());
            let mut run = Run {
                books: &books,
                users: &users,
                model: Model::default(),
            };
            for act in &acts {
                run.step(act).await;
            }
            run.compare().await;
        });
        Ok(())
    });
    runtime.block_on(books.test.finish());
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn random_histories_match_the_model_on_sqlite() {
    compare_histories(TestDb::sqlite);
}

#[test]
fn random_histories_match_the_model_on_postgres() {
    compare_histories(TestDb::postgres);
}
