//! Many at once: never overspent, never refused while money for the shortest answer is left, never
//! a leaked hold.

use futures_util::future::join_all;
use pretty_assertions::assert_eq;

use super::*;
use crate::platform::db::testing::for_each_database;

const REQUESTS: usize = 200;

/// What one caller met.
enum Met {
    Answered,
    Refused(BudgetRefusal),
}

impl Books {
    /// One call from hold to settlement, which never finds more reserved and spent than allowed.
    async fn call(&self, budgets: &Budgets, user: UserId, completion_tokens: u64) -> Met {
        let hold = match budgets.hold(question(user)).await.expect("the database") {
            Ok(hold) => hold,
            Err(refusal) => return Met::Refused(refusal),
        };
        let status = self.status(user).await;
        if let Some(limit) = status.limit {
            assert!(status.spent.plus(status.held) <= limit, "{status:?}");
        }
        let completion = completion_tokens.min(hold.terms().output_tokens);
        budgets
            .settle(hold, used(completion))
            .await
            .expect("the database")
            .expect("a settlement");
        Met::Answered
    }

    /// Everybody asks at once, and nobody is done before everybody has an answer.
    async fn hold_all(&self, users: &[UserId]) -> (Vec<Hold>, Vec<BudgetRefusal>) {
        let requests = (0..REQUESTS).map(|n| self.budgets.hold(question(users[n % users.len()])));
        let outcomes = join_all(requests).await;
        let mut holds = Vec::new();
        let mut refusals = Vec::new();
        for outcome in outcomes {
            match outcome.expect("the database") {
                Ok(hold) => holds.push(hold),
                Err(refusal) => refusals.push(refusal),
            }
        }
        (holds, refusals)
    }

    async fn settle_all(&self, holds: Vec<Hold>) {
        let settlements = holds.into_iter().map(|hold| {
            let charge = used(hold.terms().output_tokens);
            self.budgets.settle(hold, charge)
        });
        for settlement in join_all(settlements).await {
            settlement.expect("the database").expect("a settlement");
        }
    }
}

/// A refusal is right when what was left did not pay for the shortest answer.
fn is_right(refusal: &BudgetRefusal) {
    let left = refusal.limit.minus(refusal.spent).minus(refusal.held);
    assert!(left < least(), "refused with {left} left: {refusal}");
    assert!(left >= Nanos::ZERO, "overspent: {refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_with_budget_for_ten() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let limit = times(largest(), 10);
        let user = books.user(Some(limit)).await;
        let (holds, refusals) = books.hold_all(&[user]).await;
        assert_eq!((holds.len(), refusals.len()), (10, REQUESTS - 10));
        refusals.iter().for_each(is_right);
        assert_eq!(books.status(user).await.held, limit);
        books.sound().await;

        books.settle_all(holds).await;
        let status = books.status(user).await;
        assert_eq!((status.spent, status.held), (limit, Nanos::ZERO));
        assert_eq!(status.available(), Some(Nanos::ZERO));
        books.no_hold_is_open().await;
        books.sound().await;
        assert_eq!(books.counts.reserved.load(SeqCst), 10);
        assert_eq!(books.counts.denied.load(SeqCst), 190);
        assert_eq!(books.counts.unsettled.load(SeqCst), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_pays_for_a_shorter_answer() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let limit = times(largest(), 10).plus(least());
        let user = books.user(Some(limit)).await;
        let (holds, refusals) = books.hold_all(&[user]).await;
        assert_eq!((holds.len(), refusals.len()), (11, REQUESTS - 11));
        refusals.iter().for_each(is_right);
        let mut lengths: Vec<u64> = holds
            .iter()
            .map(|hold| hold.terms().output_tokens)
            .collect();
        lengths.sort_unstable();
        assert_eq!(lengths[..2], [MINIMUM_OUTPUT_TOKENS, 2_048]);
        for hold in holds {
            books
                .budgets
                .release(hold)
                .await
                .expect("the database")
                .expect("a release");
        }
        assert_eq!(books.status(user).await.held, Nanos::ZERO);
        books.no_hold_is_open().await;
        books.sound().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_users_under_the_house_cap() {
    for_each_database(async |test: TestDb| {
        let limit = times(largest(), 10).plus(least());
        let settings = BudgetSettings {
            house_limit: Some(limit),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        books.budgets.open_house().await.expect("the house");
        // Everybody is new, and every second one has a budget of their own for one call.
        let users = join_all((0..64).map(|n| books.user((n % 2 == 0).then(largest)))).await;
        let (holds, refusals) = books.hold_all(&users).await;
        assert_eq!(holds.len() + refusals.len(), REQUESTS);
        refusals.iter().for_each(is_right);
        let held: Nanos = holds.iter().map(|hold| hold.terms().amount).sum();
        assert!(
            held <= limit && limit.minus(held) < least(),
            "{held} of {limit}"
        );
        books.sound().await;
        books.settle_all(holds).await;
        books.no_hold_is_open().await;
        books.sound().await;
        let spent = join_all(users.iter().map(|user| books.status(*user))).await;
        let spent: Nanos = spent.iter().map(|status| status.spent).sum();
        assert_eq!(spent, held);
    })
    .await;
}

/// Calls come and go; money that a call gives back admits the next. Three processes share the
/// books, and nobody has a period row yet.
#[tokio::test(flavor = "multi_thread")]
async fn three_processes_settle_while_others_ask() {
    for_each_database(async |test: TestDb| {
        let books = Books::open(test, SETTINGS);
        let limit = times(largest(), 10);
        let user = books.user(None).await;
        fixtures::budget_row(&books.test.db, user, limit).await;
        let (second, second_db) = books.another().await;
        let (third, third_db) = books.another().await;
        let processes = [&books.budgets, &second, &third];
        let calls = (0..REQUESTS).map(|n| books.call(processes[n % 3], user, 300));
        let mut answered = 0;
        for met in join_all(calls).await {
            match met {
                Met::Answered => answered += 1,
                Met::Refused(refusal) => is_right(&refusal),
            }
        }
        let cost = question(user).cost(300);
        let status = books.status(user).await;
        assert_eq!(status.spent, times(cost, answered));
        assert!(answered >= 10 && status.spent <= limit, "{answered}");
        assert_eq!(status.held, Nanos::ZERO);
        books.no_hold_is_open().await;
        books.sound().await;
        assert_eq!(books.counts.unsettled.load(SeqCst), 0);
        second_db.close().await;
        third_db.close().await;
    })
    .await;
}

/// As above under the house's cap, where everybody meets in one row.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_house_cap() {
    for_each_database(async |test: TestDb| {
        let limit = times(largest(), 10);
        let settings = BudgetSettings {
            house_limit: Some(limit),
            ..SETTINGS
        };
        let books = Books::open(test, settings);
        let users = join_all((0..64).map(|_| books.user(None))).await;
        let (second, second_db) = books.another().await;
        let processes = [&books.budgets, &second];
        let calls = (0..REQUESTS).map(|n| books.call(processes[n % 2], users[n % 64], 300));
        let mut answered = 0;
        for met in join_all(calls).await {
            match met {
                Met::Answered => answered += 1,
                Met::Refused(refusal) => {
                    assert_eq!(refusal.account, Account::House);
                    is_right(&refusal);
                }
            }
        }
        let spent = times(question(users[0]).cost(300), answered);
        assert!(answered >= 10 && spent <= limit, "{answered}");
        books.no_hold_is_open().await;
        books.sound().await;
        second_db.close().await;
    })
    .await;
}
